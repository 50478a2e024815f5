"""``python -m fcnet`` is the ``fcnet`` command."""

from fcnet.cli import entry

if __name__ == "__main__":
    entry()
