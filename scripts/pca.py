"""Print the squared error per test image of principal component analysis, the baseline for autoencoders.

    python scripts/pca.py configs/autoencoder/deep-30.yaml [--components 30]

scikit-learn computes the components from the config's training images; the error is summed over pixels in [0, 1] and
averaged over test images, as by `fcnet eval`. For MNIST and 30 components, Hinton and Salakhutdinov 2006 report 13.87.
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA

from fcnet import schema
from fcnet.commands.read import read_splits
from fcnet.data.dataset import ImageFolder


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description="print the squared error per test image of PCA")
    parser.add_argument("config", type=Path)
    parser.add_argument("--components", type=int, default=30)
    args = parser.parse_args()
    splits = read_splits(schema.load(args.config))
    if splits.test is None:
        parser.error(f"{args.config}: has no test images")
    train, test = pixels(splits.train), pixels(splits.test)
    pca = PCA(args.components, svd_solver="covariance_eigh").fit(train)
    errors = np.square(pca.inverse_transform(pca.transform(test)) - test).sum(1)
    print(f"PCA, {args.components} components: squared error {errors.mean():.4f} per image, {len(test)} test images")


def pixels(split: ImageFolder) -> np.ndarray:
    """Return images (N, D) in [0, 1]."""
    return split.images.flatten(1).numpy().astype(np.float64) / 255


if __name__ == "__main__":
    main()
