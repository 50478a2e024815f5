"""From a folder to a list of images and their labels: ``layouts`` reads any layout; the other modules are its parts."""

__all__ = ["class_folders", "classes", "columns", "entries", "labels", "layouts", "listing"]
