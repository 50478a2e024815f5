"""The configs that come with fcnet.

Their one source is ``configs/`` at the top of the repository. A wheel has a copy inside the package (``setup.py``); a
checkout, also one that is installed with ``pip install -e``, uses the folder itself.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

FOLDER = "configs"  # of the repository, and of the package


@cache
def root() -> Path:
    """Return the folder of the configs that come with fcnet; it may not exist in an incomplete installation."""
    package = Path(__file__).resolve().parents[2]
    inside, checkout = package / FOLDER, package.parents[1]
    if not inside.is_dir() and (checkout / "pyproject.toml").is_file():
        return checkout / FOLDER
    return inside


@cache
def names() -> tuple[str, ...]:
    """Return the names of all configs and sweep files that come with fcnet, such as ``elm/rf-ciw``; by folder."""
    found = [path.relative_to(root()).with_suffix("") for path in root().rglob("*.yaml")]
    return tuple(path.as_posix() for path in sorted(found, key=lambda path: (len(path.parts), path)))


def file(name: str) -> Path | None:
    """Return the file of a name; ``configs/`` and a suffix may be around it. None if no config has it."""
    bare = name.replace("\\", "/").removeprefix("./").removeprefix(f"{FOLDER}/").removesuffix(".yaml")
    return root() / f"{bare}.yaml" if bare in names() else None


def name(file: Path) -> str | None:
    """Return the name of a config that comes with fcnet; None if it is another file."""
    try:
        found = file.resolve().relative_to(root()).with_suffix("").as_posix()
    except ValueError:
        return None
    return found if found in names() else None


def summary(name: str) -> str:
    """Return the comment in the first line of a config."""
    with (root() / f"{name}.yaml").open(encoding="utf-8") as lines:
        return next(lines, "").removeprefix("#").strip()


def summaries(prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each name that begins with ``prefix``, with the first line of its config."""
    return ((name, summary(name)) for name in names() if name.startswith(prefix))
