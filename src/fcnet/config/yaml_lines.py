"""YAML as fcnet reads it: a small, safe subset of YAML 1.2, with the line of every key.

Plain mappings, lists and scalars; ``1e-3`` is a number; only ``true`` and ``false`` are booleans. Refused, each with
its line: a key given twice, tags (which could build Python objects), anchors and aliases (which can grow without
bound), and nesting deeper than ``MAX_DEPTH``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from fcnet.errors import ConfigError
from fcnet.system import files
from fcnet.system.files import from_os_error
from fcnet.system.punctuation import Suspects, advice

MAX_DEPTH = 20  # a config is three or four deep
_REPAIRS = 100  # lines of one file in which characters that look like YAML's are replaced
_STREAMS = ("/dev/fd", "/proc/self/fd")  # where open streams have names
MAX_BYTES = 1 << 20  # a config is a page; anything larger is another kind of file

_NULL, _BOOL, _INT, _FLOAT, _STR = (f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str"))
_PATTERNS = (
    (_NULL, r"^(?:~|null|)$", ["~", "n", ""]),
    (_BOOL, r"^(?:true|false)$", list("tf")),
    (_INT, r"^[-+]?[0-9]{1,50}$", list("-+0123456789")),
    (
        _FLOAT,
        r"^(?:[-+]?(?:\.[0-9]{1,50}|[0-9]{1,50}\.[0-9]{0,50})(?:[eE][-+]?[0-9]{1,5})?|[-+]?[0-9]{1,50}[eE][-+]?[0-9]{1,5}"
        r"|[-+]?\.inf|\.nan)$",
        list("-+.0123456789"),
    ),
)

_BYTES = re.compile("[\udc80-\udcff]")  # how Python represents bytes that are not UTF-8

_SCALARS: dict[str, Callable[[str], Any]] = {
    _NULL: lambda _: None,
    _BOOL: lambda text: text == "true",
    _INT: int,
    _FLOAT: lambda text: float(text.replace(".inf", "inf").replace(".nan", "nan")),
    _STR: str,
}


class _Refused(Exception):
    """Something in the text that is YAML, but not in the subset that fcnet reads."""

    def __init__(self, node_or_event: Any, problem: str) -> None:
        super().__init__(problem)
        self.line = node_or_event.start_mark.line + 1
        self.problem = problem


class _Resolver(BaseResolver):
    """Decides which plain scalars are numbers, booleans or null."""


for _tag, _pattern, _first in _PATTERNS:
    _Resolver.add_implicit_resolver(_tag, re.compile(_pattern), _first)


class _Loader(Reader, Scanner, Parser, Composer, _Resolver):
    """Parses text to nodes; nodes keep their lines."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        _Resolver.__init__(self)
        self.depth = 0

    def check_printable(self, data: str) -> None:
        # Bytes that are not UTF-8, in a file name on the command line, are allowed like other characters.
        super().check_printable(_BYTES.sub("?", data))

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) is not None:
            raise _Refused(
                event, "anchors (&) and aliases (*) are not supported; write the value out, or use `extends`"
            )
        if self.depth >= MAX_DEPTH:
            raise _Refused(event, f"nested deeper than {MAX_DEPTH} levels")
        self.depth += 1
        node: Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _Dumper(_Resolver, yaml.SafeDumper):
    """Quotes exactly the strings that ``_Loader`` would read as something else."""

    yaml_implicit_resolvers = _Resolver.yaml_implicit_resolvers


@dataclass(frozen=True)
class Layer:
    """One source of settings: a file, or the overrides of the command line.

    Attributes:
        name: its name in errors.
        values: the settings as plain Python values.
        node: the same as YAML nodes, for the lines; None for the command line.
        problems: what was refused in the text, as (line, ``FILE:LINE: what is wrong``).
    """

    name: str
    values: dict[str, Any]
    node: Node | None = None
    problems: tuple[tuple[int, str], ...] = ()

    def where(self, path: tuple[str | int, ...]) -> tuple[int, int]:
        """Return how many parts of ``path`` this layer has, and the line of the last one (0 on the command line)."""
        depth, node, mark = 0, self.node, None
        value: Any = self.values
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                break
            depth += 1
            if isinstance(node, MappingNode):
                key, node = next((key, child) for key, child in node.value if key.value == part)
                mark = key.start_mark
            elif isinstance(node, SequenceNode):
                node = node.value[part]
                mark = node.start_mark
        if self.node is None:
            return depth, 0
        return depth, mark.line + 1 if mark else 1

    def value(self, path: tuple[str | int, ...]) -> Any:
        """Return what this layer has at ``path``; None if it has nothing."""
        value: Any = self.values
        for part in path:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def place(self, line: int) -> str:
        """Return ``FILE:LINE``, or only the layer's name if it has no lines."""
        return f"{self.name}:{line}" if line else self.name


def _value(node: Node, refused: list[_Refused]) -> Any:
    """Return the plain Python value of a node; repeated keys and tags are left out and added to ``refused``."""
    if isinstance(node, MappingNode) and node.tag.endswith(",2002:map"):
        values: dict[str, Any] = {}
        for key, child in node.value:
            if not isinstance(key, ScalarNode):
                refused.append(_Refused(key, "a key must be a word"))
            elif key.value in values:
                refused.append(_Refused(key, f"{key.value}: given twice in the same mapping; keep one"))
            else:
                values[key.value] = _value(child, refused)
        return values
    if isinstance(node, SequenceNode) and node.tag.endswith(",2002:seq"):
        return [_value(child, refused) for child in node.value]
    text = str(node.value)
    if isinstance(node, ScalarNode) and node.tag in _SCALARS:
        return _SCALARS[node.tag](text)
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    refused.append(_Refused(node, f"the tag {tag} is not supported; write a plain value"))
    return None


class _Broken(Exception):
    """A text that is not YAML: the line where that shows (from 1; 0 if there is none), and what is wrong."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line, self.problem = line, problem


def _compose(text: str) -> Node | None:
    """Return the root node of ``text``; None if it is empty. Raises _Broken."""
    try:
        return _Loader(text).get_single_node()
    except _Refused as error:
        raise _Broken(error.line, error.problem) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else 0
        tab = "character '\\t'" in what
        fix = "indent with spaces instead of the tab" if tab else "fix this line or the one before"
        if any("${" in one for one in text.split("\n")[max(line - 2, 0) : line]):
            fix = "put a value with ${...} in quotes, or " + fix
        raise _Broken(line, f"not valid YAML: {what}; {fix}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _Broken(line, f"not valid YAML: U+{error.character:04X}, a control character; remove it") from None


def _repaired(text: str) -> tuple[Node | None, list[tuple[int, str]]]:
    """Return the root node, and which lines are YAML only with other characters (line from 1, what to write).

    ``data：`` with a full-width colon is not YAML: what was meant is read instead, so that all other mistakes can be
    reported too. The nearest such line above the error is tried first.

    Raises:
        _Broken: other characters do not fix it.
    """
    changed: set[int] = set()
    suspects: Suspects | None = None
    while True:
        now = text if suspects is None else suspects.meant(changed)
        try:
            node = _compose(now)
            if node is None or isinstance(node, MappingNode):
                return node, [(line + 1, suspects.advice(line)) for line in sorted(changed) if suspects]
            broken = _Broken(now.count("\n") + 1, "")
        except _Broken as error:
            node, broken = None, error
        suspects = suspects or Suspects(text)
        left = [line for line in suspects.lines if line < max(broken.line, 1) and line not in changed]
        if not left or len(changed) >= _REPAIRS:
            if node is not None:
                return node, []
            raise broken
        changed.add(left[-1])


def _read(path: Path) -> bytes:
    """Return the bytes of a config: a file, or a stream opened for this process (``fcnet train -c <(...)``)."""
    if str(path.parent) not in _STREAMS and str(path) != "/dev/stdin":
        return files.read_bytes(path, MAX_BYTES)
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise files.NotReadable(f"has more than {MAX_BYTES:,} bytes")
    return data


def read(path: Path) -> Layer:
    """Read a config file. Raises ConfigError with file and line."""
    try:
        data = _read(path)
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(f"{path}: there is no such file; check the path") from None
    except IsADirectoryError:
        raise ConfigError(f"{path}: is a folder; name a YAML file") from None
    except files.NotReadable as error:
        raise ConfigError(f"{path}: {error}; name a YAML file") from None
    except ValueError:
        raise ConfigError(f"{str(path)!r}: is not a possible file name; check the path") from None
    except OSError as error:
        raise from_os_error(error) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Layer:
    """Return the settings in ``text``; an empty one has none. Raises ConfigError if it is not YAML."""
    try:
        node, repairs = _repaired(text)
    except _Broken as error:
        place = f"{name}:{error.line}" if error.line else name
        raise ConfigError(f"{place}: {error.problem}") from None
    refused = list[_Refused]()
    values = {} if node is None else _value(node, refused)
    if values is None and not refused:
        values = {}
    if not isinstance(values, dict):
        kind = "a list" if isinstance(values, list) else "a single value"
        raise ConfigError(f"{name}:1: a config is a mapping of keys such as `data:`, not {kind}; write KEY: VALUE")
    problems = [(line, f"{name}:{line}: not valid YAML: {fix}") for line, fix in repairs]
    problems += [(error.line, f"{name}:{error.line}: {error.problem}") for error in refused]
    return Layer(name, values, node if values else MappingNode(_STR, []), tuple(problems))


def scalar(text: str, name: str) -> Any:
    """Return the value of an override: ``3e-4``, ``[500, 100]``, ``{name: sgd}`` or a word. Raises ConfigError."""
    try:
        node, refused = _compose(text), list[_Refused]()
    except _Broken as error:
        raise ConfigError(f"{name}: {'; '.join(filter(None, (advice(text), error.problem)))}") from None
    value = None if node is None else _value(node, refused)
    if refused:
        raise ConfigError(*(f"{name}: {error.problem}" for error in refused))
    return value


def dump(values: dict[str, Any]) -> str:
    """Return YAML text that ``parse`` reads back to the same values."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, default_flow_style=None, allow_unicode=True, width=110)
