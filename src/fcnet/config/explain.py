"""Pydantic's errors in the user's words: ``FILE:LINE: KEY: is VALUE; should be ...; what to write``."""

import difflib
import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from fcnet.config import expected, near
from fcnet.config.expected import shown, unwrapped
from fcnet.config.fields import TAG, UNKNOWN_NAME, WRONG_KIND, Named, tag_of
from fcnet.config.yaml_lines import Layer
from fcnet.system import punctuation

_VERY_CLOSE = 0.88  # one letter of nine: seed and seeds

Root = type[BaseModel]  # the schema of a whole config
Place = tuple[str | int, ...]  # of a key in the config, such as ("train", "optimizer", "lr")


def located(error: ValidationError, layers: Sequence[Layer], root: Root) -> Iterator[tuple[int, int, str]]:
    """Yield the mistakes that pydantic found as (layer, line, ``KEY: problem``)."""
    for detail in error.errors(include_url=False):
        yield _located(detail, layers, root)


def _located(detail: ErrorDetails, layers: Sequence[Layer], root: Root) -> tuple[int, int, str]:
    path = _path(detail)
    if detail["type"] == WRONG_KIND and isinstance(detail["input"], dict):
        path = (*path, "kind")
    # The layer that has the most of the path; of several, the highest one, which overrides the others.
    place = path or _named_by(detail)
    number = max(range(len(layers)), key=lambda number: (layers[number].where(place)[0], number))
    line = layers[number].where(place)[1]
    key = f"{dotted(path)}: " if path else ""  # the message of an error of the whole config begins with a key
    because = "".join(_chosen(detail["loc"], layers, number))
    return number, line, f"{key}{_problem(detail, because, root)}"


def _named_by(detail: ErrorDetails) -> Place:
    """Return the key that an error of the whole config begins with."""
    found = re.match(r"[a-z_]+(\.[a-z_]+)*(?=: )", str(detail.get("ctx", {}).get("error", "")))
    return tuple(found[0].split(".")) if found else ()


def dotted(path: Place) -> str:
    """Return a key as written on the command line; characters that cannot be seen are escaped."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in ".".join(map(str, path)))


def short(value: Any) -> str:
    """Return a value as the user wrote it, shortened if it is long."""
    text = shown(_shortened(value))
    return text if len(text) <= 60 else text[:57] + "..."


def _shortened(value: Any) -> Any:
    """Return ``{name: relu}`` as ``relu``, which may be what the user wrote."""
    if isinstance(value, dict):
        return value["name"] if value.keys() == {"name"} else {key: _shortened(one) for key, one in value.items()}
    return [_shortened(one) for one in value] if isinstance(value, list) else value


def _path(detail: ErrorDetails) -> Place:
    """Return the keys of an error location, without the tags of unions; an unknown key is kept, even if like a tag."""
    tagged = detail["loc"]
    last = tagged[-1:] if detail["type"] == "extra_forbidden" else ()
    return (*_untagged(tagged[: len(tagged) - len(last)]), *last)


def _untagged(tagged: Place) -> Place:
    return tuple(part for part in tagged if not (isinstance(part, str) and part.startswith(TAG)))


def _chosen(tagged: Place, layers: Sequence[Layer], blamed: int) -> Iterator[str]:
    """Yield which sections have a name or kind that was chosen by another layer than the blamed one."""
    for i, part in enumerate(tagged):
        if not (isinstance(part, str) and part.startswith(TAG)):
            continue
        section = _untagged(tagged[:i])
        for number in reversed(range(len(layers))):
            if place := _chooser(layers[number], section):
                if number != blamed:
                    where = layers[number].place(layers[number].where(place)[1])
                    key = dotted(place if place != section else (*section, "name"))
                    yield f", because {key} is {layers[number].value(place)} ({where})"
                break


def _chooser(layer: Layer, section: Place) -> Place | None:
    """Return the key with which a layer chooses the name or kind of a section, if it does."""
    places = ((*section, "kind"), (*section, "name"), section)
    return next((place for place in places if isinstance(layer.value(place), str)), None)


def _problem(detail: ErrorDetails, because: str, root: Root) -> str:
    """Return what is wrong, what is allowed, and what to write."""
    tagged, given = detail["loc"], detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            return _unknown(tagged, _path(detail), because, root)
        case "missing":
            return f"missing; {_fields(tagged[:-1], root)[str(tagged[-1])].description}"
        case "value_error":
            return str(detail["ctx"]["error"])
    if detail["type"] == WRONG_KIND:
        given = given.get("kind") if isinstance(given, dict) else given
    elif isinstance(given, dict):
        given = given["name"] if detail["type"] == UNKNOWN_NAME and "name" in given else given
    given = _shortened(given)
    wanted = expected.of(*_type(tagged, root), given)
    advice = expected.hint(given, wanted)
    if _untagged(tagged) == ("data", "classes") and isinstance(given, int):
        advice = "list their names, or leave it out: they are read from the labels"
    return "; ".join(part for part in (f"is {short(given)}", f"should be {wanted.words}{because}", advice) if part)


def _unknown(tagged: Place, path: Place, because: str, root: Root) -> str:
    known = sorted(_fields(tagged[:-1], root))
    owners = _owners(tagged, root)
    if owners:
        asked = f"it belongs to {owners}{because}; "
        if path[-1] == "weight_decay":
            asked += "'train.l2' works with every optimizer; "
    else:
        word = str(path[-1])
        odd = punctuation.advice(word)
        if re.match(r"[\d(.)]", word):
            return "unknown key; write a list in brackets, such as [128, 64]"
        meant = _nearest((*path[:-1], punctuation.plain(word).split(":")[0].strip() if odd else word), known, root)
        asked = f"{odd}; {meant}" if odd else meant
    return f"unknown key; {asked}allowed here: {', '.join(known)}"


def _owners(tagged: Place, root: Root) -> str:
    """Return the other members of a union that have the key, such as ``name: sgd``; "" if there are none."""
    if len(tagged) < 2 or not str(tagged[-2]).startswith(TAG):
        return ""
    union, _, _ = unwrapped(*_type(tagged[:-2], root))
    union = get_args(union)[0] if get_origin(union) is list else union
    found = []
    for one in _members(union):
        if str(tagged[-1]) in one.model_fields:
            chooser = "kind" if "kind" in one.model_fields else "name"
            found += [f"{chooser}: {name}" for name in get_args(one.model_fields[chooser].annotation)]
    return " or ".join(dict.fromkeys(found))


def _members(union: Any) -> Iterator[type[BaseModel]]:
    for one in get_args(union):
        kind, _, _ = unwrapped(one)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield kind
        elif get_origin(kind) is list:
            continue
        else:
            yield from _members(kind)


def _nearest(path: Place, known: Sequence[str], root: Root) -> str:
    """Return a question or an answer about which key is meant, here or in another section."""
    word, own, section = str(path[-1]), dotted(_words(path)), _words(path[:-1])
    known_keys = keys(root)
    here = {near.bare(key): key for key in known}
    if near.bare(word) in here:
        return f"did you mean {dotted((*path[:-1], here[near.bare(word)]))!r}? "
    other = near.key(word, dotted(section))
    if other is not None and (other.startswith(f"{own}.") or (" " not in other and other not in known_keys)):
        other = None
    if other is not None and " " in other:
        return f"{other}; "
    same = [] if own in known_keys else [key for key in known_keys if near.bare(key.split(".")[-1]) == near.bare(word)]
    here_too = difflib.get_close_matches(word, known, n=1, cutoff=_VERY_CLOSE) if same else []
    same = [] if here_too else same
    depth = min((key.count(".") for key in same), default=0)
    highest = [key for key in same if key.count(".") == depth]
    found = highest if len(highest) == 1 else [other] if other is not None else []
    found = found or [dotted((*path[:-1], one)) for one in difflib.get_close_matches(word, known, n=1)]
    found = found or _close_elsewhere(word, known_keys)
    return f"did you mean {found[0]!r}? " if found else ""


def _close_elsewhere(word: str, known_keys: set[str]) -> list[str]:
    """Return the one key of another section that is spelt almost the same."""
    lasts: dict[str, list[str]] = {}
    for key in known_keys:
        lasts.setdefault(key.split(".")[-1], []).append(key)
    close = difflib.get_close_matches(word, lasts, n=1, cutoff=0.8)
    return lasts[close[0]] if close and len(lasts[close[0]]) == 1 else []


def _words(path: Place) -> Place:
    """Return a place without the indices of lists."""
    return tuple(part for part in path if isinstance(part, str))


def keys(root: Root) -> set[str]:
    """Return the dotted paths of all keys of a config, except those in lists."""
    return set(_keys(root))


@functools.cache  # asked at each check of a config, of which a sweep makes thousands
def named_keys(root: Root) -> frozenset[str]:
    """Return the keys (without their sections) that accept a word for the ``name`` of a section."""
    return frozenset(_named_keys(root))


def _named_keys(kind: Any) -> Iterator[str]:
    for section in _sections(kind):
        for name, field in section.model_fields.items():
            _, metadata, _ = unwrapped(field.annotation, tuple(field.metadata))
            if any(isinstance(one, Named) and one.key == "name" for one in metadata):
                yield name
            yield from _named_keys(field.annotation)


def _sections(kind: Any) -> Iterator[type[BaseModel]]:
    """Yield the sections inside an annotation."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    else:
        for one in get_args(kind):
            yield from _sections(one)


def _keys(kind: Any, place: str = "") -> Iterator[str]:
    """Yield the dotted paths of all keys of a section, through its sections and unions, except those in lists."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            yield place + name
            yield from _keys(field.annotation, f"{place}{name}.")
    elif get_origin(kind) is not list:
        for one in get_args(kind):
            yield from _keys(one, place)


def _type(tagged: Place, root: Root) -> tuple[Any, tuple[Any, ...]]:
    """Return the annotation at an error location (which contains the tags of unions), and its metadata."""
    kind: Any = root
    extra: tuple[Any, ...] = ()
    for part in tagged:
        if isinstance(part, str) and part.startswith(TAG):
            kind, extra = _member(kind, part), ()
            continue
        inner, _, _ = unwrapped(kind)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            field = inner.model_fields[str(part)]
            kind, extra = field.annotation, tuple(field.metadata)
        else:  # a list, or a mapping of names
            kind, extra = get_args(inner)[-1], ()
    return kind, extra


def _fields(tagged: Place, root: Root) -> dict[str, Any]:
    """Return the fields of the section at an error location."""
    kind, _, _ = unwrapped(*_type(tagged, root))
    return dict(kind.model_fields)


def _member(union: Any, tag: str) -> Any:
    """Return the member of a union that carries ``tag``, searching through lists and Optional."""
    for one in get_args(union):
        own = [extra.tag for extra in getattr(one, "__metadata__", ()) if isinstance(extra, Tag)]
        if tag in (own or (tag_of(one, "name"), tag_of(one, "kind"))) and unwrapped(one)[0] is not type(None):
            return one
        found = None if own else _member(one, tag)
        if found is not None:
            return found
    return None
