"""Files of labels as text."""

from pathlib import Path

from fcnet.errors import DataError


def read_lines(path: Path) -> list[str]:
    """Lines of a UTF-8 text file without their ends, nor blank ones at its end. Raises DataError."""
    if not path.is_file():
        what = "is no file" if path.exists() else "there is no such file"
        raise DataError(f"{path}: {what}; looked in {Path.cwd()}; give the file of the labels")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    return lines
