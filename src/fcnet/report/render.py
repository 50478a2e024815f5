"""From what was gathered to one HTML file."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fcnet import __version__
from fcnet.report.language import LANGUAGES, Words
from fcnet.report.several import Several
from fcnet.report.single import One
from fcnet.report.svg.element import readable
from fcnet.system.text import Language


def page(found: One | Several, language: Language) -> bytes:
    """Return the page: UTF-8, in which whatever comes from runs is escaped."""
    assert language in LANGUAGES
    name = "one.html" if isinstance(found, One) else "several.html"
    text = _environment().get_template(name).render(page=found, t=Words(language), version=__version__)
    return text.encode()


@cache
def _environment() -> Environment:
    """Return the templates; a name that a template uses and nobody gives is an error."""
    return Environment(
        loader=PackageLoader("fcnet.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_readable,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _readable(value: Any) -> Any:
    """Return a text without what would control how the text around it is read; elements stay as they are."""
    return readable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
