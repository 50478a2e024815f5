"""Charts as inline SVG, from plain numbers: no script, colours by the classes of the page's style sheet.

``element`` writes and escapes elements, ``scale`` places ticks; ``lines``, ``bars``, ``heat``, ``scatter`` and ``dots``
are the charts. They know no runs and no words: what is written in them is given.
"""

__all__ = ["bars", "dots", "element", "heat", "lines", "scale", "scatter"]
