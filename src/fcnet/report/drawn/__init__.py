"""What a report shows, made ready for its template: tables as rows of words, charts as SVG, images as data URIs.

``curves`` draws a run's log, ``answers`` a classifier's answers, ``parts`` all else that a model shows, ``groups`` a
comparison; ``figure`` is a chart with its legend, ``images`` writes PNGs into addresses.
"""

__all__ = ["answers", "curves", "figure", "groups", "images", "parts"]
