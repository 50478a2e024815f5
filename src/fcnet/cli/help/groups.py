"""Which commands are shown together in the help."""

# The groups in order, each with its commands; one that is in none comes last.
GROUPS = {
    "Train": ("train", "eval"),
    "Look": ("runs", "plot", "report"),
    "Use": ("predict", "encode", "export"),
    "Many runs": ("sweep", "compare"),
    "Data and configs": ("data", "config"),
}
OTHERS = "More commands"


def grouped(names: list[str]) -> dict[str, list[str]]:
    """Return the names that exist by their group, in the order of ``GROUPS``."""
    found = {group: [name for name in members if name in names] for group, members in GROUPS.items()}
    known = {name for members in GROUPS.values() for name in members}
    found[OTHERS] = [name for name in names if name not in known]
    return {group: members for group, members in found.items() if members}
