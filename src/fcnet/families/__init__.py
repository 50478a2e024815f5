"""The families of models, one folder each; ``common`` has their shared code and their interface.

``FAMILIES`` is the only list of families. Families do not import each other.
"""

from typing import Any

from fcnet.families.autoencoder import AutoencoderFamily
from fcnet.families.centroids import CentroidFamily
from fcnet.families.common.family import Family
from fcnet.families.common.spec import ModelSection
from fcnet.families.elm import ELMFamily
from fcnet.families.fcnet import FCNetFamily
from fcnet.families.ladder import LadderFamily
from fcnet.families.oneclass import OneClassFamily

__all__ = ["FAMILIES", "Family", "default", "kind_of", "of"]

FAMILIES: tuple[Family, ...] = (  # the first is the default
    FCNetFamily(),
    ELMFamily(),
    AutoencoderFamily(),
    CentroidFamily(),
    OneClassFamily(),
    LadderFamily(),
)


def kind_of(family: Family) -> str:
    """Return the ``kind`` of a family's models."""
    annotation: Any = family.spec.model_fields["kind"].annotation
    return str(annotation.__args__[0])  # the annotation is Literal["..."]


def of(spec: ModelSection) -> Family:
    """Return the family of a `model` section."""
    return next(family for family in FAMILIES if type(spec) is family.spec)


def default() -> ModelSection:
    """Return the default `model` section."""
    make: Any = FAMILIES[0].spec
    section: ModelSection = make()
    return section
