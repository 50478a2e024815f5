"""Print the versions of this interpreter's libraries that the benchmark reports, and the GPU that it can use.

python scripts/bench/facts.py

Prints one JSON object, without libraries that are not installed.
"""

import contextlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = ("torch", "numpy", "jax", "jaxlib", "keras", "optax", "scikit-learn")


def gpu() -> str | None:
    """Return the GPU's name according to torch; None without a GPU."""
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
