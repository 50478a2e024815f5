"""``fcnet export --to web``: a run as one HTML file, which reads what is drawn on it or dropped on it, without network.

``exporting`` is the command. ``packing`` stores weights in few bytes, ``measure`` says what that costs, ``file`` puts
the page together from the parts in ``page/``: HTML, styles, and JavaScript that runs as it is.
"""

__all__ = ["exporting"]
