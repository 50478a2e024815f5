"""Configs by name: files of the current folder, and those that come with fcnet (``mnist``, ``elm/rf-ciw``)."""

__all__ = ["find", "shipped", "start"]
