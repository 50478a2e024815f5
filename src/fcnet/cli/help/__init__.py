"""Help and completion: commands in groups, pages as wide as the terminal, and what may follow a word.

``commands.App`` makes both of a command that is registered as with Typer; ``groups`` says in which group it is shown.
"""

__all__ = ["commands", "complete", "groups", "page"]
