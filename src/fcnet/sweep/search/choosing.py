"""Optuna's samplers, which choose settings, and pruners, which end runs early."""

import math
import warnings
from typing import TYPE_CHECKING

from fcnet.sweep.plan.search import Search

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler

WARM_UP = 4  # the median pruner ends no run before this part of the epochs: first epochs say little about last ones


def sampler(search: Search, number: int) -> "BaseSampler":
    """Return what chooses the settings of one trial.

    Its seed comes from that of the search and the number of the trial: no two trials draw the same numbers, whichever
    workers ask, and all that a random search tries depends on its seed alone.
    """
    import numpy as np
    from optuna.exceptions import ExperimentalWarning
    from optuna.samplers import RandomSampler, TPESampler

    seed = int(np.random.SeedSequence([search.seed, number]).generate_state(1)[0])
    if search.sampler == "random":
        return RandomSampler(seed=seed)
    with warnings.catch_warnings():
        # Both options are the default of Optuna 5, where they do not warn; Optuna 4 calls them experimental.
        warnings.simplefilter("ignore", ExperimentalWarning)
        return TPESampler(
            seed=seed,
            multivariate=True,  # models the parameters jointly: learning rate and batch size depend on each other
            constant_liar=True,  # takes running trials as bad ones, so workers do not try the same settings
        )


def pruner(search: Search, epochs: int) -> "BasePruner":
    """Return what decides whether a run ends early.

    Args:
        search: the section of the sweep file.
        epochs: the most that a run may have.
    """
    from optuna.pruners import HyperbandPruner, MedianPruner, NopPruner

    match search.pruner:
        case "median":
            return MedianPruner(n_startup_trials=5, n_warmup_steps=math.ceil(epochs / WARM_UP))
        case "hyperband":
            return HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)
        case "none":
            return NopPruner()
