"""Versions of the libraries of this interpreter that the benchmark looks at, and the GPU that it can use.

python scripts/bench/facts.py

Prints one JSON object; what is not installed is left out.
"""

import contextlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("torch", "numpy", "jax", "jaxlib", "keras", "optax", "scikit-learn")


def gpu() -> str | None:
    """The GPU's name as torch tells it."""
    try:
        import torch
    except ImportError:
        return None
    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def main() -> None:
    """Print the facts."""
    versions = {"python": platform.python_version()}
    for library in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            versions[library] = version(library)
    print(json.dumps({"versions": versions, "gpu": gpu()}))


if __name__ == "__main__":
    main()
