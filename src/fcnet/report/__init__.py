"""``fcnet report``: a run, or several, as one HTML file that loads nothing and has no script.

``write`` is the door. ``single`` and ``several`` gather what is shown; ``facts``, ``headline``, ``best``, ``numbers``
make words of it, ``drawn`` and ``svg`` charts; ``language`` has the words, ``render`` the templates.
"""

__all__ = ["write"]
