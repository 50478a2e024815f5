"""What every section of a config shares: strictness, and unions whose member is chosen by name."""

import re
from collections.abc import Callable, Collection
from typing import Annotated, Any, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WrapValidator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

# Members of a union carry a tag in pydantic's error locations; this prefix distinguishes a tag from a key.
TAG = "|"

# Our error for a section with an unknown `kind`; reported at that key, not at the section.
WRONG_KIND = "wrong_kind"
UNKNOWN_NAME = "unknown_name"

# Our error for unions whose member is chosen by a word: the text before the words, and the text after them.
ONE_OF, OR_LIST = "should be one of: ", ", or a list of them"

# Above it a number, or twice the number, is infinite in float32 arithmetic.
LARGEST = 1e38

Positive = Annotated[int, Field(ge=1, le=1_000_000_000)]
Fraction = Annotated[float, Field(ge=0, lt=1)]

# Python keeps bytes of a file name that are not UTF-8 as these, which pydantic does not accept as text.
_BYTES = re.compile("[\ud800-\udfff]")


def as_written(value: Any, check: Callable[[Any], Any]) -> Any:
    """Check a text that may contain bytes that are not UTF-8, as names of folders from other systems often do."""
    if isinstance(value, str) and _BYTES.search(value):
        check(_BYTES.sub("?", value))
        return value
    return check(value)


ClassName = Annotated[str, WrapValidator(as_written)]


class Section(BaseModel):
    """A mapping of known keys: unknown ones are refused, types are not converted, values are finite."""

    # Built when first used: a config needs the validator of the whole, and none of most sections alone.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)


def named(value: Any) -> Any:
    """Return ``{name: relu}`` for its short form ``relu``; a list is treated item by item."""
    if isinstance(value, list):
        return [named(one) for one in value]
    return {"name": value} if isinstance(value, str) else value


class Named:
    """Marks a union of sections of which a word chooses one: ``Annotated[Adam | SGD, Named(default="adam")]``.

    The words are those of the members' ``name`` (or another key), which is a Literal. A bare word is short for a
    section with that name. A member that is a list accepts lists.

    Args:
        default: the word for a section that has none.
        key: the key of the word.
    """

    def __init__(self, default: str | None = None, key: str = "name") -> None:
        self.default, self.key = default, key

    def tags(self, union: Any) -> dict[str, str]:
        """Return the tag of the member that each word chooses; "[]" stands for lists."""
        found: dict[str, str] = {}
        for member in get_args(union):
            found |= dict.fromkeys(words_of(member, self.key) or ["[]"], tag_of(member, self.key))
        return found

    def words(self, union: Any) -> str:
        """Return what a value should be."""
        tags = self.tags(union)
        return ONE_OF + ", ".join(word for word in tags if word != "[]") + (OR_LIST if "[]" in tags else "")

    def __get_pydantic_core_schema__(self, union: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        tags = self.tags(union)

        def choose(value: Any) -> str | None:
            if isinstance(value, list):
                return tags.get("[]")
            if isinstance(value, dict):
                word = value.get(self.key, self.default)
            else:
                word = getattr(value, self.key, self.default if self.key == "kind" else None)
            return tags.get(word) if isinstance(word, str) else None

        self._short = [word for member in get_args(union) for word in words_of(member, self.key) if _is_short(member)]
        schema = core_schema.tagged_union_schema(
            {tag_of(member, self.key): handler.generate_schema(member) for member in get_args(union)},
            choose,
            custom_error_type=UNKNOWN_NAME if self.key == "name" else WRONG_KIND,
            custom_error_message=self.words(union),
        )
        return schema if self.key != "name" else core_schema.no_info_before_validator_function(named, schema)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler(core)
        return {"anyOf": [{"type": "string", "enum": self._short}, *schema["oneOf"]]} if self.key == "name" else schema


def _is_short(member: Any) -> bool:
    """Return whether a bare word is enough for a member: all its other keys have defaults."""
    return not any(field.is_required() for name, field in member.model_fields.items() if name != "name")


def words_of(member: Any, key: str) -> list[str]:
    """Return the words that choose a member of a union; none for a list."""
    fields = getattr(member, "model_fields", {})
    return list(get_args(fields[key].annotation)) if key in fields else []


def tag_of(member: Any, key: str = "name") -> str:
    """Return what stands for a member of a union in pydantic's error locations."""
    words = words_of(member, key)
    if words:
        return TAG + words[0]
    return "" if hasattr(member, "model_fields") else f"{TAG}list"


def by_type(
    kinds: dict[str, type | tuple[type, ...]], message: str, words: Collection[str] | None = None
) -> Discriminator:
    """Choose a union's member by the value's type: ``kinds`` maps each member's tag to its types.

    The message is for all other values, and for words other than ``words`` if these are given.
    """

    def choose(value: Any) -> str | None:
        if isinstance(value, bool) or (words is not None and isinstance(value, str) and value not in words):
            return None
        return next((tag for tag, types in kinds.items() if isinstance(value, types)), None)

    return Discriminator(choose, custom_error_type="unknown_kind", custom_error_message=message)
