"""From image folders to tensors: ``splits`` reads all images of a run, ``dataset`` one folder.

``images``, ``folder``, ``cache``, ``photos`` and ``imports`` are rooms of their own: pixels of a file, lists of files
and labels, decoded images, photos prepared as training images are, and image folders from other files.
"""

__all__ = [
    "audit",
    "batches",
    "dataset",
    "folder",
    "images",
    "imports",
    "known_sets",
    "looks",
    "normal",
    "photos",
    "splits",
]
