"""Write docs/results.md: published figures, and what fcnet's configs reach.

    python scripts/results.py                    writes the page
    python scripts/results.py --check            fails if it is out of date, or a config has changed since its runs
    python scripts/results.py collect RUN ...    adds finished runs to docs/results.json, and writes the page

RUN is a run directory, a sweep, a folder of runs; or a .json file with what `fcnet eval RUN --json` printed, for rows
of committees, likelihoods and outliers. Rows are listed in docs/results.yaml; a run belongs to the row whose config
it has.
"""

import argparse
import sys
from pathlib import Path

from figures import FigureError, Figures
from published import collect, page, same
from published.rows import ROOT, Refused, load_results, load_rows

TARGET = Path("docs/results.md")


def run(check: bool, words: list[Path], root: Path) -> list[str]:
    """Collect, write or check; return what is wrong."""
    if words:
        print(*collect.collect(words, root), sep="\n")
    rows, entries = load_rows(root), load_results(root)
    if stale := list(collect.stale(same.versions(rows, root), entries)):
        return stale
    text = Figures.load(root).filled(page.page(rows, entries))
    target = root / TARGET
    if not check:
        target.write_text(text, encoding="utf-8")
    elif not target.exists() or target.read_text(encoding="utf-8") != text:
        return [f"{TARGET}: out of date; run python scripts/results.py"]
    return []


def main() -> int:
    """Write or check the page, or collect runs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="collect RUN", help="what to do, and with which runs")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder with docs/ and configs/ (this repository)")
    args = parser.parse_args()
    verb, *words = args.words or [""]
    if verb not in ("", "collect") or (verb == "collect") != bool(words) or (words and args.check):
        parser.error("give nothing, --check, or collect RUN ...")
    try:
        problems = run(args.check, [Path(word) for word in words], args.root)
    except (Refused, FigureError) as error:
        problems = list(error.args)
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
