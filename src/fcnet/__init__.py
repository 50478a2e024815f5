"""fcnet: a command-line trainer for fully-connected networks on folders of digit images."""

__version__ = "0.1.0"
