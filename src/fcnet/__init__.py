"""Train fully-connected networks, extreme learning machines and autoencoders on image folders.

    from fcnet import load_config, train, evaluate, predict

    result = train(load_config("configs/digits.yaml"), out="checkpoints/mine")
    print(result.metrics["test"]["accuracy"])
    print(evaluate(result.path).text())

The names below are what programs may use; ``import fcnet`` alone imports neither torch nor anything else that is slow.
Nothing is printed unless sinks are given that do so.
"""

TYPE_CHECKING = False  # as type checkers read it; typing itself takes as long to import as all else here

if TYPE_CHECKING:
    from typing import Any

    from fcnet.api import evaluate, load_config, predict, train
    from fcnet.commands.train import RunResult
    from fcnet.data.dataset import ImageFolder
    from fcnet.data.splits import Splits
    from fcnet.errors import FcnetError
    from fcnet.families.common.family import Result
    from fcnet.families.common.fully_connected import FCNet
    from fcnet.schema import Config
    from fcnet.system.sinks import Sink

__version__ = "0.2.0"

__all__ = [
    "Config",
    "FCNet",
    "FcnetError",
    "ImageFolder",
    "Result",
    "RunResult",
    "Sink",
    "Splits",
    "__version__",
    "evaluate",
    "load_config",
    "predict",
    "train",
]

_HOME = {
    "Config": "fcnet.schema",
    "FCNet": "fcnet.families.common.fully_connected",
    "FcnetError": "fcnet.errors",
    "ImageFolder": "fcnet.data.dataset",
    "Result": "fcnet.families.common.family",
    "RunResult": "fcnet.commands.train",
    "Sink": "fcnet.system.sinks",
    "Splits": "fcnet.data.splits",
    "evaluate": "fcnet.api",
    "load_config": "fcnet.api",
    "predict": "fcnet.api",
    "train": "fcnet.api",
}


def __getattr__(name: str) -> "Any":
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'fcnet' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
