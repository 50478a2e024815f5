"""From image folders to tensors: ``splits`` reads all images of a run, ``dataset`` one folder.

``images``, ``folder``, ``cache``, ``photos``, ``imports`` and ``augment`` are rooms of their own: pixels of a file,
lists of files and labels, decoded images, photos prepared as training images are, image folders from other files,
random changes of the training images, and official files of known sets.
"""

__all__ = [
    "audit",
    "augment",
    "batches",
    "dataset",
    "folder",
    "images",
    "imports",
    "known",
    "known_sets",
    "looks",
    "normal",
    "photos",
    "splits",
]
