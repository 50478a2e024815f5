"""Extreme learning machines: random hidden layers, output weights in closed form.

``config`` and ``weights`` have their sections, ``model`` the module, ``hidden_maps`` and ``local_fields`` the hidden
layers, ``training`` the training, and ``solve`` its sums and solvers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fcnet.families.common.classifier import Classifier
from fcnet.families.common.family import Settings, Trained
from fcnet.families.common.spec import Size
from fcnet.families.elm.config import ELMModel, RidgeSolver

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn

    from fcnet.data.dataset import ImageFolder
    from fcnet.data.splits import Splits
    from fcnet.families.common.family import Drawn
    from fcnet.families.common.findings.parts import Part
    from fcnet.plots.curves import Curve
    from fcnet.training.records import EpochRecord
    from fcnet.training.trainable import Trainable


class ELMFamily(Classifier):
    """Models of kind elm."""

    spec = ELMModel

    def check(self, settings: Settings) -> None:
        """Raise ValueError if images, model and solver do not fit together."""
        if settings.data.augment is not None:
            raise ValueError(
                "data.augment: changes the images in every epoch, but an elm is solved in one pass over them; remove it"
                " (or write data.augment: null if an inherited file sets it), or choose kind: fcnet"
            )
        solver = settings.solve.solver
        if isinstance(solver, RidgeSolver) and solver.choose == "validation" and settings.data.validation is None:
            raise ValueError(
                "solve.solver.choose: is validation, but there are no validation images; set data.validation"
            )
        if problem := settings.model.misfit(settings.data.image_size):
            raise ValueError(f"model.{problem}")
        super().check(settings)

    def build(self, spec: ELMModel, size: Size, classes: int) -> nn.Module:
        """Return the net; its weights are all 0."""
        from fcnet.families.elm import model

        return model.build(spec, size, classes)

    def trainer(self, net: nn.Module, splits: Splits, settings: Settings) -> Trainable:
        """Return a training in closed form."""
        from fcnet.families.elm.model import ELM
        from fcnet.families.elm.training import ClosedFormTraining

        assert isinstance(net, ELM)
        return ClosedFormTraining(net, splits, settings.model, settings.solve, settings.seed)

    def curves(self, curve: Curve, settings: Settings) -> dict[str, Figure]:  # noqa: ARG002
        """Return figures of the ridges that were tried."""
        from fcnet.families.elm import plots

        return plots.ridge_paths(curve)

    def pictures(self, trained: Trained, name: str, images: ImageFolder | None, split: str) -> Drawn:
        """Return a figure of the first layer's weights; given images, of confusion, calibration and mistakes."""
        from fcnet.families.elm import plots

        return super().pictures(trained, name, images, split) if images is not None else plots.weights(trained, name)

    def shown(self, trained: Trained, images: ImageFolder | None, split: str) -> Sequence[Part]:
        """Return the first layer's weights, of local fields its filters; given images, the answers to them."""
        from fcnet.families.common.findings import first_layer
        from fcnet.families.elm.weights import LocalWeights

        drawn = trained.settings.model.weights
        if images is not None or not isinstance(drawn, LocalWeights):
            return super().shown(trained, images, split)
        return [first_layer.of(trained, (drawn.side, drawn.side), "filters")]

    def verdict(
        self,
        net: nn.Module,  # noqa: ARG002
        settings: Settings,  # noqa: ARG002
        images: ImageFolder,
        last: EpochRecord | None,
    ) -> list[str]:
        """Return warnings about what was certainly not learned."""
        from fcnet.families.elm import verdict

        return verdict.look(images, last)
