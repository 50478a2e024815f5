"""The families of models, a folder each; ``common`` has what they share and the seam to all else.

A family is known by its place in ``FAMILIES`` alone. Families do not import each other.
"""

from typing import Any

from fcnet.families.autoencoder import AutoencoderFamily
from fcnet.families.centroids import CentroidFamily
from fcnet.families.common.family import Family
from fcnet.families.common.spec import ModelSection
from fcnet.families.elm import ELMFamily
from fcnet.families.fcnet import FCNetFamily

__all__ = ["FAMILIES", "Family", "default", "kind_of", "of"]

FAMILIES: tuple[Family, ...] = (  # the first is that of a config that names none
    FCNetFamily(),
    ELMFamily(),
    AutoencoderFamily(),
    CentroidFamily(),
)


def kind_of(family: Family) -> str:
    """Return the ``kind`` of a family's models."""
    annotation: Any = family.spec.model_fields["kind"].annotation
    return str(annotation.__args__[0])  # it is Literal["..."]


def of(spec: ModelSection) -> Family:
    """Return the family of a `model` section."""
    return next(family for family in FAMILIES if type(spec) is family.spec)


def default() -> ModelSection:
    """Return the `model` section of a config that has none."""
    make: Any = FAMILIES[0].spec
    section: ModelSection = make()
    return section
