"""Rotation, shear, scale, stretch, shift and elastic distortion, in one resampling.

It is bilinear, with the background beyond the edges.
"""

import math
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fcnet.config.data import Augment
from fcnet.data.augment.draws import Draws, Floats, ends
from fcnet.data.augment.elastic import Elastic

Size = tuple[int, int]  # height, width in pixels


MAPPED = {"rotation", "shear", "scale", "stretch", "shift", "elastic"}  # the entries that move pixels


class Affine:
    """Resamples each image at places that an affine map gives, displaced by an elastic distortion if there is one.

    Args:
        maps: for each image (N, 2, 3), from pixels (x, y, 1) of the result to those of the image.
        draws: for the device.
        size: of the images.
        elastic: displacements of the places.
    """

    def __init__(self, maps: Floats, draws: Draws, size: Size, elastic: Elastic | None = None) -> None:
        self._elastic = elastic
        x, y = draws.tensor(normalised(maps, size)).unbind(1)
        self._parts = torch.complex(x, y)  # (N, 3): complex numbers are added in half the time of pairs
        self._y, self._x = (draws.tensor(np.arange(n, dtype=np.float64)) for n in size)

    @classmethod
    def of(cls, settings: Augment, draws: Draws, size: Size) -> Self | None:
        """Return the change of a config."""
        if not MAPPED & set(settings.given):
            return None
        turn = math.radians(settings.rotation or 0.0)
        lean, far = settings.shear or 0.0, settings.shift or 0.0
        low, high = ends(settings.scale or 1.0, lambda factor: (1 / factor, factor))
        turns, leans = draws.uniform("rotation", -turn, turn), draws.uniform("shear", -lean, lean)
        scales = np.exp(draws.uniform("scale", math.log(low), math.log(high)))
        low, high = ends(settings.stretch or 1.0, lambda factor: (1 / factor, factor))
        wider = np.exp(draws.uniform("stretch", math.log(low), math.log(high)) / 2)
        shifts = np.stack([draws.uniform(f"shift {axis}", -far, far) for axis in "xy"], 1)
        maps = inverses(turns, leans, (scales * wider, scales / wider), shifts, size)
        return cls(maps, draws, size, Elastic.of(settings, draws, size))

    def __call__(self, ink: Tensor, images: slice) -> Tensor:
        """Return resampled ink (B, H, W)."""
        along_x, along_y, start = self._parts[images, :, None].unbind(1)  # (B, 1) each
        across, down = along_x * self._x, along_y * self._y + start  # (B, W), (B, H)
        places = torch.view_as_real(across[:, None, :] + down[:, :, None])  # (B, H, W, 2)
        if self._elastic is not None:
            places = self._elastic.displace(places, images)
        return functional.grid_sample(ink[:, None], places, padding_mode="zeros", align_corners=False)[:, 0]


def inverses(turns: Floats, leans: Floats, scales: tuple[Floats, Floats], shifts: Floats, size: Size) -> Floats:
    """Return maps (N, 2, 3) from the pixels of results to those of images that were scaled, sheared, turned and moved.

    Args:
        turns: clockwise, in radians (N,).
        leans: pixels sideways per pixel down (N,).
        scales: factors along x and y (N,) each.
        shifts: pixels along x and y (N, 2).
        size: of the images; all but the shift leave their centre where it is.
    """
    cosine, sine = np.cos(turns), np.sin(turns)
    turned_back = np.array([[cosine - leans * -sine, sine - leans * cosine], [-sine, cosine]])  # (2, 2, N)
    back = turned_back / np.array(scales)[:, None]
    centre = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2])
    linear = np.moveaxis(back, 2, 0)
    start = centre - np.einsum("nij,nj->ni", linear, centre + shifts)
    return np.concatenate([linear, start[:, :, None]], 2)


def normalised(maps: Floats, size: Size) -> Floats:
    """Return maps (N, 2, 3) to pixels as maps to [-1, 1], from edge to edge, as torch's ``grid_sample`` wants them."""
    sides = np.array([size[1], size[0]], dtype=np.float64)
    found = maps * (2 / sides)[:, None]
    found[:, :, 2] += 1 / sides - 1
    return found
