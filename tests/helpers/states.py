"""state_dicts as other programs name them."""

from torch import Tensor

State = dict[str, Tensor]


def prefixed(state: State, prefix: str) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


def renamed(state: State, *names: str) -> State:
    return dict(zip(names, state.values(), strict=True))
