"""From image folders to tensors: ``splits`` reads all images of a run, ``dataset`` one folder.

``images``, ``folder``, ``cache`` and ``augment`` are rooms of their own: pixels of a file, lists of files and labels,
decoded images, random changes of the training images.
"""

__all__ = ["audit", "augment", "batches", "dataset", "folder", "images", "known_sets", "looks", "normal", "splits"]
