"""Figures from plain arrays and records: no runs, no models. ``style`` imports matplotlib, and has to come first."""

__all__ = ["compare", "curves", "groups", "outliers", "photos", "samples", "style"]
