"""The language of a page."""

import locale
import os
from typing import Literal

Language = Literal["en", "zh"]


def of_locale() -> Language:
    """Return the language of the locale: zh for Chinese, else en."""
    names = [os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    word = next(filter(None, names), None) or locale.getlocale()[0] or ""
    return "zh" if word.lower().startswith(("zh", "chinese")) else "en"
