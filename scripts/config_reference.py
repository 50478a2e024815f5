"""Write docs/config.md from the schema, where all keys are described.

python scripts/config_reference.py           writes the file
python scripts/config_reference.py --check   fails if it is out of date
"""

import sys
from pathlib import Path
from typing import Any

import yaml

from fcnet.schema import Config

TARGET = Path(__file__).parent.parent / "docs" / "config.md"

HEAD = """# The config

A run is a YAML file. `fcnet config check FILE` names every mistake with its line, `fcnet config show FILE` prints all
settings with their defaults, and `fcnet config schema` prints the JSON Schema that editors complete from.

- Precedence: defaults < `extends` < file < `KEY=VALUE` on the command line, KEY a dotted path
  (`train.optimizer.lr=3e-4`, `model.hidden=[500,100]`, `train.schedule=cosine`).
- Mappings are merged key by key, lists and values replaced. `null` takes an inherited setting away: its default holds.
- Where a `name` is all there is to say, it may stand alone: `activation: tanh` is `activation: {name: tanh}`.
- Paths are relative to the folder that the command runs in; `extends` is relative to its own file. `~`, `~user`,
  `$NAME` and `${NAME}` (in quotes within braces: `{root: "${HOME}/data"}`) stand for what they do in a shell, in
  configs and on the command line alike; a variable that is not set, or empty, is an error. The run's `config.yaml` has
  the paths expanded. What is there under exactly the name as written is taken for that, but for `~` and `~/...`:
  `./~` is a folder of that name. On the command line brackets in the name of a folder that is there are no pattern.
- `KEY=` with nothing behind it is an error, as after an unset variable; `KEY=null` takes a setting away.
- The YAML is the plain part of YAML 1.2: `1e-3` is a number, only `true` and `false` are booleans (`no` is a word), a
  doubled key is an error, and there are no tags, anchors or aliases.

This page is made by `scripts/config_reference.py` from the schema.
"""


def main() -> int:
    """Write or check the page."""
    text = page()
    if "--check" in sys.argv:
        fresh = TARGET.read_text(encoding="utf-8") == text
        if not fresh:
            print(f"{TARGET}: out of date; run python scripts/config_reference.py", file=sys.stderr)
        return 0 if fresh else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


def page() -> str:
    """Return the whole page: the top level first, then the sections in the order of their first mention."""
    schema = Config.model_json_schema()
    sections = {"Config": schema} | schema["$defs"]
    order = ["Config"]
    for name in order:  # grows while it is walked
        order += [other for other in dict.fromkeys(mentioned(sections[name])) if other not in order]
    return "\n".join([HEAD, *(table(name, sections[name]) for name in order)])


def mentioned(value: Any) -> list[str]:
    """Return the names of the sections that a part of the schema refers to, in order."""
    if isinstance(value, dict):
        found = [value["$ref"].rpartition("/")[2]] if "$ref" in value else []
        inner = {key: part for key, part in value.items() if key != "$defs"}
        return found + [name for part in inner.values() for name in mentioned(part)]
    return [name for part in value for name in mentioned(part)] if isinstance(value, list) else []


def table(name: str, section: dict[str, Any]) -> str:
    """Return one section: its description and a row per key."""
    required = ["data"] if name == "Config" else section.get("required", [])  # in one file, `extends` may bring it
    rows = ["| key | value | default | what it is |", "| --- | --- | --- | --- |"]
    for key, field in section["properties"].items():
        default = "**required**" if key in required else default_of(field)
        rows.append(f"| `{key}` | {kind(field)} | {default} | {field.get('description', 'chooses this section')} |")
    return "\n".join([f"## {name}", "", section.get("description", ""), "", *rows, ""])


def default_of(field: dict[str, Any]) -> str:
    """Return a default in YAML's flow style; for a section that is the only choice, a reference to its defaults."""
    if "$ref" in field:
        return "its own"
    default = short(field.get("default"))
    return f"`{yaml.safe_dump([default], default_flow_style=True, sort_keys=False, width=1000).strip()[1:-1]}`"


def short(default: Any) -> Any:
    """Return a default as a config would write it."""
    if isinstance(default, dict):
        named = sorted(default, key=lambda key: key != "name")  # the name first
        return default["name"] if named == ["name"] else {key: short(default[key]) for key in named}
    return default


def kind(field: dict[str, Any]) -> str:
    """Describe the values of a key."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for union in ("anyOf", "oneOf"):
        if union in field:
            # The short form, the bare name of a section, is listed in the section itself.
            sections = any("$ref" in member for member in field[union])
            members = [member for member in field[union] if not (sections and "enum" in member)]
            return " or ".join(dict.fromkeys(kind(member) for member in members))
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "array":
        return f"list of {kind(field['items'])}{length(field)}"
    return field["type"] + bounds(field)


def length(field: dict[str, Any]) -> str:
    """Describe how many items a list has."""
    low, high = field.get("minItems"), field.get("maxItems")
    if low is None:
        return ""
    return f" ({low})" if low == high else f" (at least {low})"


def bounds(field: dict[str, Any]) -> str:
    """Describe the limits of a number."""
    signs = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
    limits = [f"{sign} {float(field[key]):.12g}" for key, sign in signs.items() if key in field]
    return f" {' and '.join(limits)}" if limits else ""


if __name__ == "__main__":
    sys.exit(main())
