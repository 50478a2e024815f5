"""What every section of a config shares: strictness, and unions whose member is chosen by name."""

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Discriminator, Field, GetJsonSchemaHandler, WrapValidator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

# Members of a union carry a tag in pydantic's error locations; this prefix tells a tag from a key.
TAG = "|"

# Our error for a section whose `kind` is none of those that there are: it is told of that key, not of the section.
WRONG_KIND = "wrong_kind"
UNKNOWN_NAME = "unknown_name"

# Our errors of unions that are chosen by a word: it is followed by the words, and these by the rest.
ONE_OF, OR_LIST = "should be one of: ", ", or a list of them"

# Beyond it a number is infinite in float32 arithmetic, or its double is.
LARGEST = 1e38

Positive = Annotated[int, Field(ge=1, le=1_000_000_000)]
Fraction = Annotated[float, Field(ge=0, lt=1)]

# Bytes of a file's name that are no UTF-8 are kept by Python as these, which pydantic takes for no text.
_BYTES = re.compile("[\ud800-\udfff]")


def as_written(value: Any, check: Callable[[Any], Any]) -> Any:
    """Check a text that may have bytes in it that are no UTF-8: the names of folders from elsewhere often do."""
    if isinstance(value, str) and _BYTES.search(value):
        check(_BYTES.sub("?", value))
        return value
    return check(value)


ClassName = Annotated[str, WrapValidator(as_written)]


class Section(BaseModel):
    """A mapping of known keys: unknown ones are refused, types are not converted, values are finite."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def named(value: Any) -> Any:
    """``relu`` is short for ``{name: relu}``; a list is treated item by item."""
    if isinstance(value, list):
        return [named(one) for one in value]
    return {"name": value} if isinstance(value, str) else value


class ShortForm:
    """Tells the JSON Schema of a union that a bare name will do."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = [name for name in names if name != "[]"]

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        return {"anyOf": [{"type": "string", "enum": self._names}, *schema["oneOf"]]}


def by_type(kinds: dict[str, type | tuple[type, ...]], message: str) -> Discriminator:
    """Choose a union's member by the value's type: ``kinds`` maps each member's tag to its types."""

    def choose(value: Any) -> str | None:
        if isinstance(value, bool):
            return None
        return next((tag for tag, types in kinds.items() if isinstance(value, types)), None)

    return Discriminator(choose, custom_error_type="unknown_kind", custom_error_message=message)


def by_kind(kinds: dict[str, str], default: str) -> Discriminator:
    """Choose a union's member by its ``kind``: ``kinds`` maps each to the member's tag."""

    def choose(value: Any) -> str | None:
        kind = value.get("kind", default) if isinstance(value, dict) else getattr(value, "kind", default)
        return kinds.get(kind) if isinstance(kind, str) else None

    return Discriminator(choose, WRONG_KIND, ONE_OF + ", ".join(kinds))


def by_name(names: dict[str, str], default: str | None = None) -> Discriminator:
    """Choose a union's member by its ``name``: ``names`` maps each to the member's tag, "[]" a list to its own."""

    def choose(value: Any) -> str | None:
        if isinstance(value, list):
            return names.get("[]")
        value = named(value)
        name = value.get("name", default) if isinstance(value, dict) else getattr(value, "name", None)
        return names.get(name) if isinstance(name, str) else None

    choices = ", ".join(name for name in names if name != "[]")
    return Discriminator(choose, UNKNOWN_NAME, ONE_OF + choices + (OR_LIST if "[]" in names else ""))
