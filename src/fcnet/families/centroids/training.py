"""Training of centroid nets: k-means on the images, then gradients for the read-out."""

from collections.abc import Generator

import torch
from sklearn.cluster import MiniBatchKMeans
from torch import Tensor

from fcnet.config.data import Augment
from fcnet.config.train import Train
from fcnet.data.splits import Splits
from fcnet.errors import DataError
from fcnet.families.centroids.config import CentroidModel
from fcnet.families.centroids.model import CentroidNet
from fcnet.training.last_good import LastGood
from fcnet.training.loop import GradientTraining
from fcnet.training.records import Begin, Record

LOOKED_AT = 20_000  # images that k-means uses at most, evenly spread: more hardly change the centroids
TOGETHER = 2048  # images of a mini-batch of k-means (Sculley 2010)


class CentroidTraining(GradientTraining):
    """A training that begins with k-means; a checkpoint has the centroids, so resuming does not repeat it.

    Args:
        net: on the device of the images.
        splits: the images.
        spec: the net's config.
        settings: the config's ``train``.
        seed: of k-means and of the order of the images.
        augment: how the images are changed in each epoch of the read-out; k-means sees them as they are.

    Raises:
        DataError: there are fewer images than centroids.
    """

    def __init__(
        self,
        net: CentroidNet,
        splits: Splits,
        spec: CentroidModel,
        settings: Train,
        seed: int,
        augment: Augment | None = None,
    ) -> None:
        if len(splits.train) < spec.hidden:
            raise DataError(
                f"model.hidden: is {spec.hidden} centroids, and there are {len(splits.train)} training images; choose"
                " fewer"
            )
        self._centroid_net, self._spec = net, spec
        super().__init__(net, splits, settings, seed, augment=augment)

    def records(self) -> Generator[Record, None, None]:
        """Find the centroids if training begins; then train to the last epoch."""
        starts = (self.epoch, self.step) == (1, 0)
        training = super().records()
        yield next(training)  # the Start record
        if starts:
            pixels = some_pixels(self.splits, max(LOOKED_AT, self._spec.hidden))
            yield Begin(f"k-means: {self._spec.hidden} centroids of {len(pixels)} images")
            self._centroid_net.centroids.put(centroids_of(pixels, self._spec, self.seed), self._spec.width)
            self.good = LastGood(self._centroid_net, self.stepper.tensors())
        yield from training


def some_pixels(splits: Splits, most: int) -> Tensor:
    """Return pixels float32 (N, D) in [0, 1] of at most ``most`` training images, evenly spread, on the CPU."""
    images = splits.train.images
    places = torch.arange(min(len(images), most)) * len(images) // min(len(images), most)
    return images[places.to(images.device)].flatten(1).cpu().to(torch.float32).div_(255)


def centroids_of(pixels: Tensor, spec: CentroidModel, seed: int) -> Tensor:
    """Return the centroids (K, D) of images (N, D) by mini-batch k-means, initialised with k-means++."""
    means = MiniBatchKMeans(spec.hidden, max_iter=spec.rounds, batch_size=TOGETHER, n_init=1, random_state=seed)
    return torch.from_numpy(means.fit(pixels.numpy()).cluster_centers_).to(torch.float32)
