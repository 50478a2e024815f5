"""The address of a PostgreSQL database, as ``search.storage`` has it, and the password that it may have.

No message here repeats an address: an address that is not understood may have its password anywhere.
"""

from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

SCHEME = "postgresql"
FORM = "postgresql://USER@HOST:PORT/DATABASE"


def check(storage: str) -> None:
    """Raise ValueError if an address is not one of a PostgreSQL database."""
    if not storage.startswith(f"{SCHEME}://"):
        raise ValueError(f"should be of the form {FORM}; without it, an SQLite file in the sweep directory is used")
    try:
        parts = urlsplit(storage)
        _ = parts.port  # raises ValueError if it is not a number
    except ValueError:
        parts = None
    if parts is None or "@" in parts.path or parts.fragment or "@" in parts.query:
        raise ValueError(
            f"cannot be read as {FORM}; write each of : / ? # @ % in a user or password as its percent code (%40 is"
            " @), or leave the password to ~/.pgpass or PGPASSWORD"
        )
    if not parts.path.strip("/"):
        raise ValueError(f"names no database; write {FORM}")


def password(storage: str) -> str | None:
    """Return the password in an address; None if it has none."""
    parts = urlsplit(storage)
    queried = dict(parse_qsl(parts.query)).get("password")
    return unquote(parts.password) if parts.password else queried or None


def without_password(storage: str) -> str:
    """Return an address without its password: for files and messages."""
    parts = urlsplit(storage)
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name != "password"])
    return f"{parts.scheme}://{_place(parts)}{parts.path}" + (f"?{query}" if query else "")


def _place(parts: SplitResult) -> str:
    user, at, host = parts.netloc.rpartition("@")
    return user.partition(":")[0] + at + host
