"""Folders before and after."""

import os
from pathlib import Path


def snapshot(folder: Path) -> dict[str, bytes | str]:
    """All files and links below a folder, with what is in them."""
    found: dict[str, bytes | str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = os.readlink(path)
        elif path.is_file():
            found[str(path)] = path.read_bytes()
    return found
