"""Each change of images against scipy's: resampling, blur, dilation and erosion; and what noise and contrast do."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from fcnet.config.data import Augment
from fcnet.data.augment.affine import Affine, inverses
from fcnet.data.augment.blur import Blur
from fcnet.data.augment.draws import Draws
from fcnet.data.augment.elastic import Elastic
from fcnet.data.augment.ink import TABLE, Contrast, Noise
from fcnet.data.augment.places import Erasing, Flip
from fcnet.data.augment.strokes import Strokes

SIZE = (9, 12)
N = 7
ALL = slice(0, N)
CROSS = ndimage.generate_binary_structure(2, 1)


def ink(seed: int = 0) -> torch.Tensor:
    """Images (N, H, W) of random brightness, lit to the edges."""
    return torch.rand(N, *SIZE, generator=torch.Generator().manual_seed(seed)) * 255


def draws(n: int = N) -> Draws:
    return Draws(3, 1, n, torch.device("cpu"))


def augment(**entries: object) -> Augment:
    return Augment.model_validate(entries)


def test_the_affine_map_is_scipys() -> None:
    """Scale, then shear, then turn about the centre, then shift; bilinear, 0 beyond the edges."""
    generator = np.random.default_rng(1)
    turns, leans = generator.uniform(-3, 3, N), generator.uniform(-1, 1, N)
    wide, high = generator.uniform(0.5, 2, (2, N))
    shifts = generator.uniform(-3, 3, (N, 2))
    images = ink()
    found = Affine(inverses(turns, leans, (wide, high), shifts, SIZE), draws(), SIZE)(images.clone(), ALL)
    centre = (np.array(SIZE) - 1) / 2
    for i in range(N):
        cosine, sine = np.cos(turns[i]), np.sin(turns[i])
        forward = np.array([[cosine, -sine], [sine, cosine]]) @ [[1, leans[i]], [0, 1]]
        forward = forward @ np.diag([wide[i], high[i]])  # of (x, y)
        back = np.linalg.inv(forward)[::-1, ::-1]  # of (row, column), as scipy counts
        expected = ndimage.affine_transform(
            images[i].double().numpy(),
            back,
            centre - back @ (centre + shifts[i, ::-1]),
            order=1,
            mode="grid-constant",
        )
        np.testing.assert_allclose(found[i], expected, atol=2e-3)


def test_what_a_config_says_is_what_is_drawn() -> None:
    """The ranges of a config are those of scipy's parameters, found again by moments of a dot."""
    n = 2000
    dot = torch.zeros(n, 41, 41)
    dot[:, 20, 30] = 1.0  # 10 pixels right of the centre
    everything = slice(0, n)

    def places(settings: Augment) -> tuple[torch.Tensor, torch.Tensor]:
        moved = Affine.of(settings, draws(n), (41, 41))
        assert moved is not None
        found = moved(dot.clone(), everything)
        total = found.sum((1, 2))
        across = torch.arange(41.0) - 20
        return (found.sum(1) @ across) / total, (found.sum(2) @ across) / total

    x, y = places(augment(rotation=30))
    angles = torch.rad2deg(torch.atan2(y, x))
    assert -30.5 < float(angles.min()) < -29
    assert 29 < float(angles.max()) < 30.5
    x, y = places(augment(scale=[0.5, 1.5]))
    assert 4.7 < float(x.min()) < 5.3
    assert 14.7 < float(x.max()) < 15.3
    assert float(x.log().mean()) == pytest.approx(np.log(10 * np.sqrt(0.5 * 1.5)), abs=0.02)  # uniform in the logarithm
    x, _ = places(augment(scale=1.25))
    assert 7.7 < float(x.min()) < 8.3
    assert 12.2 < float(x.max()) < 12.8
    x, y = places(augment(shift=4))
    for moved in (x - 10, y):
        assert -4.001 < float(moved.min()) < -3.95
        assert 3.95 < float(moved.max()) < 4.001
    assert abs(float(np.corrcoef(x, y)[0, 1])) < 0.1
    dot = dot.transpose(1, 2).contiguous()  # 10 pixels below the centre
    x, y = places(augment(shear=0.4))
    torch.testing.assert_close(y, torch.full((n,), 10.0))
    assert -4.001 < float(x.min()) < -3.95
    assert 3.95 < float(x.max()) < 4.001


@pytest.mark.parametrize("sigma", [0.6, 2.0, 4.0])
def test_elastic_distortion_is_scipys(sigma: float) -> None:
    """The same numbers, blurred by scipy, displace the pixels in which scipy looks."""
    images, settings = ink(), augment(elastic={"alpha": 9, "sigma": sigma}, rotation=1e-9)
    change, elastic = Affine.of(settings, draws(), SIZE), Elastic.of(settings, draws(), SIZE)
    assert change is not None
    assert elastic is not None
    found = change(images.clone(), ALL)
    starts = draws().whole("places of elastic", TABLE)
    table = torch.rand(TABLE + 2 * 9 * 12, generator=draws().generator("table of elastic")).double().numpy() * 2 - 1
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    for i in range(N):
        numbers = table[starts[i] : starts[i] + 2 * 9 * 12].reshape(2, *SIZE)
        x, y = (9 * ndimage.gaussian_filter(one, sigma, mode="constant", truncate=20) for one in numbers)
        np.testing.assert_allclose(elastic.fields(slice(i, i + 1))[:, 0], [x, y], atol=1e-5)
        expected = ndimage.map_coordinates(
            images[i].double().numpy(), [rows + y, columns + x], order=1, mode="grid-constant"
        )
        np.testing.assert_allclose(found[i], expected, atol=5e-3)


def test_simards_elastic_distortion_moves_pixels_by_more_than_one() -> None:
    """alpha 34 and sigma 4: 34 / sqrt(3) / (2 sqrt(pi) 4) = 1.38 pixels, far from the edges."""
    n, size = 200, (56, 56)
    elastic = Elastic.of(augment(elastic={}), draws(n), size)
    assert elastic is not None
    inner = elastic.fields(slice(0, n))[:, :, 20:36, 20:36]
    assert float(inner.square().mean().sqrt()) == pytest.approx(34 / np.sqrt(3) / (2 * np.sqrt(np.pi) * 4), rel=0.05)


@pytest.mark.parametrize("sigma", [0.3, 1.1, 2.5])
def test_blur_is_scipys(sigma: float) -> None:
    settings = augment(blur=sigma)
    images = ink()
    blur = Blur.of(settings, draws(), SIZE)
    assert blur is not None
    found = blur(images.clone(), ALL)
    sigmas = draws().uniform("blur", 0, sigma)
    for i in range(N):
        expected = ndimage.gaussian_filter(
            images[i].double().numpy(), sigmas[i], mode="constant", radius=int(np.ceil(3 * sigma))
        )
        np.testing.assert_allclose(found[i], expected, atol=1e-3)


@pytest.mark.parametrize("pixels", [-2.25, -1.0, -0.4, 0.0, 0.4, 1.0, 1.75])
def test_strokes_are_scipys(pixels: float) -> None:
    """Whole pixels are dilations or erosions with a cross; in between it is interpolated."""
    images = ink()
    found = Strokes(torch.full((N,), pixels), 3)(images.clone(), ALL)
    operation = ndimage.grey_dilation if pixels > 0 else ndimage.grey_erosion
    for i in range(N):
        levels = [images[i].double().numpy()]
        levels += (operation(levels[0], footprint=ndimage.iterate_structure(CROSS, n)) for n in (1, 2, 3))
        whole, part = int(abs(pixels)), abs(pixels) % 1
        np.testing.assert_allclose(found[i], (1 - part) * levels[whole] + part * levels[whole + 1], atol=1e-3)


def test_contrast_scales_the_ink() -> None:
    images = ink()
    for given, low in ((0.6, 0.6), ([0.5, 2], 0.5)):
        contrast = Contrast.of(augment(contrast=given), draws(), SIZE)
        assert contrast is not None
        factors = contrast(images.clone(), ALL) / images
        assert (factors - factors[:, :1, :1]).abs().max() < 1e-5
        assert low <= float(factors.min())
        assert float(factors.max()) <= (1 if given == 0.6 else 2)


def test_noise_is_gaussian_and_anew_for_each_image_and_epoch() -> None:
    n, size = 500, (28, 28)
    found = []
    for epoch in (1, 2):
        noise = Noise.of(augment(noise=0.2), Draws(3, epoch, n, torch.device("cpu")), size)
        assert noise is not None
        found.append(noise(torch.zeros(n, *size), slice(0, n)))
    deviations = found[0].flatten(1).std(1) / 255
    assert 0.19 < float(deviations.max()) < 0.22
    assert float(deviations.min()) < 0.002
    assert float(deviations.mean()) == pytest.approx(0.1, abs=0.01)
    scaled = found[0].flatten(1) / found[0].flatten(1).std(1, keepdim=True)
    assert abs(float(scaled.mean())) < 0.01
    assert float((scaled.abs() < 1).float().mean()) == pytest.approx(0.6827, abs=0.005)
    between = np.corrcoef(scaled[:50].numpy()) - np.eye(50)
    assert np.abs(between).max() < 0.25
    assert not torch.equal(*found)


def test_stretch_keeps_the_area() -> None:
    """A dot's distances from the centre, 8 to the right and 8 below, have the product 64 whatever the stretch."""
    n = 2000
    dot = torch.zeros(n, 41, 41)
    dot[:, 28, 28] = 1.0
    change = Affine.of(augment(stretch=1.5), draws(n), (41, 41))
    assert change is not None
    found = change(dot, slice(0, n))
    total = found.sum((1, 2))
    across = torch.arange(41.0) - 20
    x, y = (found.sum(1) @ across) / total, (found.sum(2) @ across) / total
    torch.testing.assert_close(x * y, torch.full((n,), 64.0), rtol=0.03, atol=0.0)
    ratio = x / y
    assert 1 / 1.55 < float(ratio.min()) < 1 / 1.4
    assert 1.4 < float(ratio.max()) < 1.55


def test_flip_swaps_left_and_right_of_a_share() -> None:
    n = 2000
    images = ink()[:1].expand(n, -1, -1)
    flip = Flip.of(augment(flip=0.3), draws(n), SIZE)
    assert flip is not None
    found = flip(images.clone(), slice(0, n))
    flipped = (found == images.flip(2)).flatten(1).all(1)
    assert torch.equal(found[~flipped], images[~flipped])
    assert float(flipped.double().mean()) == pytest.approx(0.3, abs=0.04)


def test_erasing_covers_one_rectangle_of_up_to_a_share() -> None:
    n, size = 3000, (30, 40)
    erasing = Erasing.of(augment(erasing=0.25), draws(n), size)
    assert erasing is not None
    covered = erasing(torch.ones(n, *size), slice(0, n)) == 0
    rows, columns = covered.any(2), covered.any(1)
    assert torch.equal(covered, rows[:, :, None] & columns[:, None, :]), "a rectangle"
    for line in (rows, columns):  # in one piece
        assert int((line[:, 1:] != line[:, :-1]).sum(1).max()) <= 2
    area = covered.flatten(1).double().mean(1)
    assert float(area.max()) == pytest.approx(0.25, abs=0.02)
    assert float(area.mean()) == pytest.approx(0.125, abs=0.01)
    places = covered.double().mean(0)
    assert float(places[0].mean() + places[-1].mean()) > 0.02, "it reaches the edges"
    assert float(places[:, :20].mean()) == pytest.approx(float(places[:, 20:].mean()), rel=0.1)
