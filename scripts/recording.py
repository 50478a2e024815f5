"""Record a terminal session of fcnet as an SVG, for the README: docs/images/terminal.svg.

python scripts/recording.py [--out docs/images/terminal.svg]

Needs data/mnist (``fcnet data mnist``). The commands of ``SESSION`` are run on a pseudo-terminal of 80 columns, in a
new folder, and what they leave on the screen is drawn: text, not an image, in light and dark colours. Lines appear as
they did, unless the reader prefers no motion.
"""

import argparse
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

import pyte

ROOT = Path(__file__).resolve().parent.parent
SESSION = (
    "fcnet train -c mnist",
    "fcnet predict seven.jpg",
    "fcnet report",
)
COLUMNS, ROWS = 80, 200  # of the terminal: nothing scrolls away
CELL, LINE, FONT = 8.4, 18, 14  # width and height of a character, and its size, in pixels
MARGIN, BAR = 16, 30  # around the text, and above it
LONGEST = 12.0  # seconds that the animation takes at most
LIMIT = 600  # seconds that a command may take
COLOURS = {  # of pyte, on a light and on a dark ground, each with a contrast of at least 4.5
    "red": ("#b3261e", "#ff8a80"),
    "green": ("#1b6e2c", "#7bd88f"),
    "brown": ("#7a5200", "#e5c07b"),
    "blue": ("#0b57d0", "#8ab4f8"),
    "magenta": ("#8e24aa", "#e09df0"),
    "cyan": ("#00696f", "#6fd6de"),
}


@dataclass(frozen=True)
class Shown:
    """A line of the screen.

    Attributes:
        seconds: since the beginning, when it was last changed.
        parts: texts with their style: a colour's name or "", bold or not.
    """

    seconds: float
    parts: Sequence[tuple[str, str, bool]]


def record(commands: Sequence[str], folder: Path) -> list[Shown]:
    """Run commands one after another in a folder and return the lines that they leave on the screen."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream, changed, now = pyte.ByteStream(screen), {}, 0.0
    for command in commands:
        stream.feed(b"\x1b[1m$ " + command.encode() + b"\x1b[0m\r\n")
        changed |= dict.fromkeys(screen.dirty, now)
        screen.dirty.clear()
        began = time.monotonic()
        for data in output(command, folder):
            stream.feed(data)
            changed |= dict.fromkeys(screen.dirty, now + time.monotonic() - began)
            screen.dirty.clear()
        now += time.monotonic() - began
        if screen.cursor.x:
            stream.feed(b"\r\n")
    last = screen.cursor.y
    return [Shown(changed.get(row, 0.0), parts(screen, row)) for row in range(last)]


def output(command: str, folder: Path) -> Iterator[bytes]:
    """Yield what a command writes to a terminal. Raises CalledProcessError if it fails."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    names = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    kept = {name: os.environ[name] for name in ("HOME", "PYTHONPATH", "OMP_NUM_THREADS") if name in os.environ}
    process = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=names | kept,
        start_new_session=True,
    )
    os.close(slave)
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        yield data
    os.close(master)
    code = process.wait(timeout=LIMIT)
    if code:
        raise subprocess.CalledProcessError(code, command)


def parts(screen: pyte.Screen, row: int) -> list[tuple[str, str, bool]]:
    """Return the texts of a row, joined where they have one style, without blanks at the end."""
    cells = [screen.buffer[row][column] for column in range(COLUMNS)]
    found = []
    for (colour, bold), group in groupby(cells, key=lambda cell: (cell.fg, cell.bold)):
        name = colour.removeprefix("bright")
        found.append(("".join(cell.data for cell in group), name if name in COLOURS else "", bool(bold)))
    while found and not found[-1][0].rstrip():
        found.pop()
    return found


def drawn(lines: Sequence[Shown], title: str) -> str:
    """Return an SVG of a terminal window with lines of text."""
    width = 2 * MARGIN + COLUMNS * CELL
    height = BAR + MARGIN + len(lines) * LINE + MARGIN
    slower = min(1.0, LONGEST / max((line.seconds for line in lines), default=1.0))
    body = []
    for number, line in enumerate(lines):
        column, spans = 0, []
        for text, colour, bold in line.parts:
            if text.strip():
                names = " ".join(name for name in (colour, "bold" if bold else "") if name)
                mark = f' class="{names}"' if names else ""
                x, length = MARGIN + column * CELL, len(text.rstrip()) * CELL
                spans.append(f'<tspan{mark} x="{x:.1f}" textLength="{length:.1f}">{escape(text.rstrip())}</tspan>')
            column += len(text)
        if spans:
            y, delay = BAR + MARGIN + (number + 0.7) * LINE, slower * line.seconds
            body.append(f'<text y="{y:.1f}" style="animation-delay:{delay:.2f}s">{"".join(spans)}</text>')
    light = "".join(f".{name}{{fill:{pair[0]}}}" for name, pair in COLOURS.items())
    dark = "".join(f".{name}{{fill:{pair[1]}}}" for name, pair in COLOURS.items())
    style = (
        f"text{{font:{FONT}px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328;white-space:pre;"
        "animation:show .2s backwards}.bold{font-weight:bold}.ground{fill:#f6f8fa;stroke:#d0d7de}"
        f"@keyframes show{{from{{opacity:0}}}}{light}"
        f"@media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.ground{{fill:#161b22;stroke:#30363d}}{dark}}}"
        "@media(prefers-reduced-motion:reduce){text{animation:none}}"
    )
    dots = "".join(
        f'<circle cx="{MARGIN + 4 + 18 * i}" cy="{BAR / 2 + 2}" r="5" fill="{fill}"/>'
        for i, fill in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">'
        f"<title>{escape(title)}</title><style>{style}</style>"
        f'<rect class="ground" x=".5" y=".5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="8"/>{dots}'
        f"{chr(10)}{chr(10).join(body)}{chr(10)}</svg>\n"
    )


def main() -> None:
    """Record the session and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/images/terminal.svg")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("data", "docs/examples/photos/seven.jpg"):
            (Path(folder) / Path(name).name).symlink_to(ROOT / name)
        lines = record(SESSION, Path(folder))
    args.out.write_text(drawn(lines, "fcnet in a terminal: " + "; ".join(SESSION)))
    print(args.out)


if __name__ == "__main__":
    main()
