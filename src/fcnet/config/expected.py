"""What a key accepts, in words, and what to write instead of a value that it does not accept."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel, Discriminator
from pydantic.fields import FieldInfo

from fcnet.config import near
from fcnet.config.fields import Named
from fcnet.system import paths, punctuation

_TRUE, _FALSE = ("true", "yes", "on", "y", "t", "1"), ("false", "no", "off", "n", "f", "0")
_NULL = ("none", "null", "nil", "undefined", "n/a", "na")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_SHOWN_LIMIT = 1e6  # larger bounds only guard the arithmetic, and most errors are not about them


@dataclass(frozen=True)
class Expected:
    """What a key accepts.

    Attributes:
        kind: bool, int, float, path, text, device, list, choice or section.
        words: what it should be, as the text after "should be".
        choices: the words that it accepts.
        length: the length of a list, if it is fixed.
        item: what the items of a list are.
        nullable: whether it accepts null.
    """

    kind: str
    words: str
    choices: tuple[str, ...] = ()
    length: int | None = None
    item: "Expected | None" = None
    nullable: bool = False


def of(annotation: Any, extra: tuple[Any, ...], value: Any) -> Expected:
    """Return what an annotation of the schema accepts, for an error about ``value``."""
    kind, metadata, nullable = unwrapped(annotation, extra)
    if (by_word := next((one for one in metadata if isinstance(one, Named)), None)) is not None:
        words = tuple(word for word in by_word.tags(kind) if word != "[]")
        return Expected("choice", by_word.words(kind).removeprefix("should be "), words, nullable=nullable)
    if (by_type := next((one for one in metadata if isinstance(one, Discriminator)), None)) is not None:
        return _of_union(kind, by_type, nullable)
    if get_origin(kind) is Literal:
        names = tuple(map(str, get_args(kind)))
        return Expected("choice", _one_of(names), names, nullable=nullable)
    if get_origin(kind) is list:
        return _of_list(kind, metadata, nullable, value)
    if get_origin(kind) is dict:
        return Expected("section", "a mapping of keys", nullable=nullable)
    if kind is Any:
        return Expected("any", "", nullable=True)
    if kind is bool:
        return Expected("bool", "true or false", nullable=nullable)
    if kind in (int, float):
        name = "a whole number" if kind is int else "a number"
        return Expected(kind.__name__, name + _bounds(metadata, value), nullable=nullable)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return Expected("section", f"a mapping of keys: {', '.join(sorted(kind.model_fields))}", nullable=nullable)
    if any(getattr(one, "pattern", None) for one in metadata):
        return Expected("device", "auto, cpu, cuda or cuda:N", nullable=nullable)
    if any(isinstance(one, paths.Expanded) for one in metadata):
        return Expected("path", "a path", nullable=nullable)
    return Expected("text", "text", nullable=nullable)


def unwrapped(annotation: Any, extra: tuple[Any, ...] = ()) -> tuple[Any, tuple[Any, ...], bool]:
    """Return a type without ``Annotated`` and ``None``, what it is annotated with, and whether it may be None."""
    metadata, nullable = tuple(_flat(extra)), False
    while True:
        if hasattr(annotation, "__metadata__"):
            metadata += tuple(_flat(annotation.__metadata__))
            annotation = get_args(annotation)[0]
        elif type(None) in get_args(annotation):
            others = [one for one in get_args(annotation) if one is not type(None)]
            nullable = True
            if len(others) > 1:
                return annotation, metadata, nullable
            annotation = others[0]
        else:
            return annotation, metadata, nullable


def _flat(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for one in metadata:
        if isinstance(one, FieldInfo):
            yield from _flat(tuple(one.metadata))
        elif isinstance(one, annotated_types.GroupedMetadata):
            yield from one
        else:
            yield one


def _of_union(kind: Any, discriminator: Discriminator, nullable: bool) -> Expected:
    words = str(discriminator.custom_error_message).removeprefix("should be ")
    numeric = any(unwrapped(one)[0] in (int, float) for one in get_args(kind))
    return Expected("float" if numeric else "choice", words, nullable=nullable)


def _one_of(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"one of: {', '.join(names)}"


def _of_list(kind: Any, metadata: tuple[Any, ...], nullable: bool, value: Any) -> Expected:
    item = of(get_args(kind)[0], (), value)
    least = max((one.min_length for one in metadata if hasattr(one, "min_length")), default=0)
    most = min((one.max_length for one in metadata if getattr(one, "max_length", None)), default=None)
    length = least if least == most else None
    many = f" of {length}" if length else f" of {least} or more" if least else ""
    each = f", each {item.words}" if item.words else ""
    return Expected("list", f"a list{many}{each}", length=length, item=item, nullable=nullable)


def _bounds(metadata: tuple[Any, ...], value: Any) -> str:
    """Return the limits of a number; a very large one only if the value is beyond it."""
    limits = []
    for sign, words in (("ge", "of at least"), ("gt", "above"), ("le", "of at most"), ("lt", "below")):
        for bound in (getattr(one, sign) for one in metadata if hasattr(one, sign)):
            beyond = isinstance(value, int | float) and abs(value) >= abs(bound)
            limits += [f" {words} {bound:.12g}"] if abs(bound) < _SHOWN_LIMIT or beyond else []
    return re.sub(r"of at least (\S+) and of at most", r"from \1 to", " and".join(limits))


def hint(value: Any, wanted: Expected) -> str | None:
    """Return what to write instead of a value, if that can be guessed."""
    if value is None and wanted.kind == "section":
        return "write its keys below it, indented with spaces"
    if value is None:
        return "leave it out for its default, or write a value"
    text = value if isinstance(value, str) else None
    if text is not None and wanted.kind not in ("path", "text") and text.strip().lower() in _NULL:
        return "write null, or leave it out" if wanted.nullable else "leave it out for its default"
    meant = _meant(value, wanted)
    texts = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    if odd := punctuation.advice("".join(texts)):
        return f"{meant}; {odd}" if meant else odd
    return meant


def _meant(value: Any, wanted: Expected) -> str | None:
    match wanted.kind:
        case "bool":
            word = str(value).strip().lower()
            return "write true" if word in _TRUE else "write false" if word in _FALSE else None
        case "int" | "float":
            return _number_hint(value, wanted.kind == "int") or _choice_hint(value, wanted.choices)
        case "path" | "text":
            return None if isinstance(value, str | list | dict) else f"put it in quotes: '{shown(value)}'"
        case "device":
            return near.device(str(value)) if isinstance(value, str | int) else None
        case "list":
            items = _items(value, wanted)
            return f"write [{', '.join(items)}]" if items else None
        case "section":
            return _mapping_hint(value)
    return _choice_hint(value, wanted.choices)


def _choice_hint(value: Any, choices: tuple[str, ...]) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not choices:
        return None
    if isinstance(value, dict):
        return f"give a `name`, such as {{name: {choices[0]}, ...}}" if value and "name" not in value else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return near.value(punctuation.plain(str(value)), choices)


def _number_hint(value: Any, whole: bool) -> str | None:
    """Return ``write 0.001`` for what can be read as a number."""
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
        number = None if value is None else number_in(shown(value), whole)
        return f"write {number}" if number else None
    if isinstance(value, str):
        number = number_in(value, whole)
        return f"write {number}" + (", without quotes" if number == value else "") if number else None
    if whole and isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return f"write {int(value)}"
    return None


def number_in(text: str, whole: bool) -> str | None:
    """Return the number that a text means, in YAML's form; None if it means none, or not a whole one if wanted."""
    text = punctuation.plain(text).strip().strip("'\"").rstrip(",; ").strip()
    if re.fullmatch(r"[-+]?[0-9]{1,3}([_ ,][0-9]{3})+|[-+]?[0-9]+(_[0-9]+)+", text) and not re.match(r"[-+]?0", text):
        text = re.sub(r"[_ ,]", "", text)  # 1_000
    if re.fullmatch(r"[-+]?[0-9]*,[0-9]+", text):
        text = text.replace(",", ".")  # 0,5
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,12}|0[bB][01]{1,40}|0[oO][0-7]{1,15}", text):
        text = str(int(text, 0))
    if power := re.fullmatch(r"(?:([0-9.]+)\s*[*x]\s*)?10\s*(?:\^|\*\*)\s*\(?(-?[0-9]{1,3})\)?", text):
        text = f"{power[1] or 1}e{power[2]}"  # 10^-3
    share = re.fullmatch(r"([0-9.]+)\s*(?:%|/\s*([1-9][0-9]*))", text)
    if share and _NUMBER.fullmatch(share[1]):
        text = f"{float(share[1]) / int(share[2] or 100):.6g}"  # 10%, 1/10
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        return None
    if not whole or re.fullmatch(r"[-+]?[0-9]+", text):
        return text
    return f"{float(text):.0f}" if float(text).is_integer() and abs(float(text)) < 2**63 else None


def _items(value: Any, wanted: Expected) -> list[str]:
    """Return the items of the list that is meant."""
    assert wanted.item is not None
    numeric = wanted.item.kind in ("int", "float")
    if isinstance(value, list):
        items = [shown(one) for one in value]
        if wanted.length is None:
            return [one for text in value for one in _split(text)] if any(_odd(one) for one in value) else []
        return _filled(items[: wanted.length], wanted.length) if items and numeric else []
    if isinstance(value, str):
        items = _split(value)
        if not numeric:
            return items
        apart = re.split(r"[\s,;x×*/-]+", punctuation.plain(value).strip(" ()[]{}'\"<>"))
        numbers = [number_in(one, wanted.item.kind == "int") for one in apart if one]
        items = [one for one in numbers if one is not None]
        return _filled(items, wanted.length) if items and len(items) == len(numbers) else []
    single = isinstance(value, int | float) and not isinstance(value, bool)
    return _filled([shown(value)], wanted.length) if single else []


def _odd(value: Any) -> bool:
    return isinstance(value, str) and bool(punctuation.advice(value))


def _split(value: Any) -> list[str]:
    """Split names at commas, with or without brackets around them."""
    text = punctuation.plain(value) if isinstance(value, str) else shown(value)
    return [part for one in text.strip(" ()[]{}").split(",") if (part := one.strip(" '\""))]


def _filled(items: list[str], length: int | None) -> list[str]:
    """Return the items, with the last one repeated up to a length."""
    if length is None:
        return items
    return [*items, *items[-1:] * (length - len(items))] if len(items) <= length else []


def _mapping_hint(value: Any) -> str | None:
    """Return what to write instead of ``epochs:3`` or ``epochs = 3``, which YAML reads as a word."""
    text = punctuation.plain(value).strip(" {}") if isinstance(value, str) else ""
    found = re.fullmatch(r"([A-Za-z_][\w.]*)\s*[:=]\s*(\S.*)", text)
    return f"write {found[1]}: {found[2]}, with a space after the colon" if found else None


def shown(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return repr(value)
