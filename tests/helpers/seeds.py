"""Random draws that can be repeated: all of a run of the tests come from one seed, $FCNET_TEST_SEED.

Where it is not set, conftest.py draws it, for all processes of the run. It is in the header of the run, in the output
of a test that draws, and below the failures.
"""

import os
import random
import secrets

VARIABLE = "FCNET_TEST_SEED"


def draw() -> None:
    """Set the seed of this run, where it is not given."""
    os.environ.setdefault(VARIABLE, str(secrets.randbelow(2**32)))


def seed() -> int:
    """The seed of this run of the tests."""
    return int(os.environ[VARIABLE])


def told() -> str:
    """How to repeat its draws."""
    return f"random draws are repeated by {VARIABLE}={seed()}"


def chance(test: str) -> random.Random:
    """A generator for one test; the seed is printed, so that a failure shows it."""
    print(told())
    return random.Random(f"{seed()} {test}")
