"""Libraries of fcnet's extras, which are imported late and may be missing."""

from collections.abc import Iterator
from contextlib import contextmanager

from fcnet.errors import ConfigError


@contextmanager
def needed(what: str, extra: str) -> Iterator[None]:
    """Turn an ImportError inside the context into a ConfigError that says what to install.

    Args:
        what: the option, key or file that needs the libraries.
        extra: of fcnet, which brings them.
    """
    try:
        yield
    except ImportError as error:
        raise ConfigError(
            f'{what}: needs a library that is not installed ({error}); install it with: pip install "fcnet[{extra}]"'
        ) from None
