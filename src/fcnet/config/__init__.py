"""From text to checked values: YAML with the lines of its keys, merging, errors in words, sections that families share.

Nothing here imports torch or knows a family; ``fcnet.schema`` puts the sections together.
"""

__all__ = ["data", "explain", "fields", "layers", "load", "named", "names", "near", "train", "yaml_lines"]
