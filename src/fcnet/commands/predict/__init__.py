"""The answers of a model to image files: ``answers`` for one digit each, ``pages`` for all digits of a page.

``files`` reads them as the training images are, ``certainty`` says from which probability on an answer counts, and
``show`` draws what the model saw.
"""

__all__ = ["answers", "certainty", "files", "pages", "show"]
