"""``fcnet export --to web``: write the page of a run."""

from pathlib import Path
from typing import Any

from fcnet import __version__
from fcnet.commands.predict import certainty, files
from fcnet.commands.read import choose_device, class_names, held_out, image_size, read_split
from fcnet.commands.trained import Located, locate
from fcnet.config.names import Which
from fcnet.errors import ConfigError, DataError
from fcnet.export.exported import Exported
from fcnet.export.web import familiar, file, measure, packing
from fcnet.export.web.familiar import Familiar
from fcnet.export.web.measure import Measured, Reference
from fcnet.export.web.packing import Packed, Precision
from fcnet.families.common import plain
from fcnet.families.common.family import Trained, choice
from fcnet.families.common.plain import Describes, Plain
from fcnet.rundir import one_file
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.text import Language, language_of

FINE = 16  # pixels of a side: on smaller images, drawings lose much of what tells classes apart
STATED = 0.9  # probability from which on an answer counts, if it was measured neither in training nor now


def run_export_web(
    run: Path | None,
    out: Path,
    precision: Precision | None = None,
    words: Language | None = None,
    weights: Which | None = None,
    config_file: Path | None = None,
    sinks: Sinks = SILENT,
) -> Exported:
    """Write the page of a run.

    Args:
        run: a run directory or model file (default: the newest run).
        out: the HTML file.
        precision: of the weights; by default int8, or fp16 if int8 costs accuracy.
        words: language of the page; by default that of the locale.
        weights: of a run: best or last; the best if it has them, when None.
        config_file: for a model file outside any run directory.
        sinks: for notices and warnings.

    Raises:
        ConfigError: the file may not be written, or the net cannot be described to a page.
    """
    one_file.check(out, one_file.HTML, "a page", file.is_page)
    found = locate(run, config_file, sinks, weights)
    found.tell(sinks)
    classes = _classes(found)
    trained = found.load(len(classes), choose_device("cpu"), sinks)
    net = described(found, trained)
    beside, unmeasured = _reference(found, trained, sinks)
    packed, measured, reason = _packed(found, net, precision, beside)
    known = _familiar(found, packed, len(classes), beside, sinks)
    name = (found.run or found.path).resolve().name
    data = page_data(found, packed, classes, measured) | {
        "name": name,
        "language": words or language_of(),
        "familiar": known and known.data(),
    }
    text = file.made(data).encode()
    one_file.write(out, text)
    net_lines = _told(data, packed, reason, measured, unmeasured, choice(found.weights))
    lines = [f"page      {out}, {len(text) / 1000:.0f} KB; open it in a browser", *net_lines]
    facts = {"bytes": len(text), "net": data["net"], "precision": packed.precision}
    return Exported(out, lines, facts | _compared(measured))


def _told(
    data: dict[str, Any], packed: Packed, reason: str, measured: Measured | None, unmeasured: str, weights: str | None
) -> list[str]:
    """Return lines about the net in a page: its layers, its precision and why, its weights, what they cost."""
    what = "accuracy" if measured is None else measured.what
    told = f"not measured: {unmeasured}" if measured is None else measured.text()
    return [
        f"net       {data['net']}, weights in {packed.precision}{reason and ': ' + reason}",
        *([f"weights   {weights}"] if weights else []),
        f"{what:<9} {told}",
        *_coarse(data["size"], packed.net.code is None),
    ]


def _coarse(size: list[int], classifies: bool) -> list[str]:
    """Return a line if the images are too small to read what people draw."""
    if min(size) >= FINE or not classifies:
        return []
    what = f"{size[1]}x{size[0]} pixels are few to read what is drawn; a net trained on larger images reads more of it"
    return [f"drawings  {what}: fcnet train -c mnist"]


def _compared(measured: Measured | None) -> dict[str, Any]:
    """Return for programs what the page does beside the run; None for each if that was not measured."""
    return {key: measured and getattr(measured, key) for key in ("split", "n", "what", "page", "run")}


def _classes(found: Located) -> list[str]:
    settings = found.settings
    return class_names(settings) if settings.model.classifies else []


def described(found: Located, trained: Trained) -> Plain:
    """Return a net as plain layers. Raises ConfigError if it cannot be described so."""
    problem = "is no net of layers that a page computes"
    if isinstance(trained.net, Describes):
        try:
            return trained.net.described()
        except plain.Undescribed as error:
            problem = str(error)
    raise ConfigError(
        f"{found.path}: is of kind {found.settings.model.kind}, which cannot be exported as a web page: {problem};"
        " pages are made of nets of kind fcnet, elm (without local receptive fields), centroids, ladder and autoencoder"
    )


def _reference(found: Located, trained: Trained, sinks: Sinks) -> tuple[Reference | None, str]:
    """Return the held-out images of a run and what its net makes of them; or why there are none."""
    split = held_out(found.settings)
    if split is None:
        return None, "the config has no held-out images"
    try:
        return measure.reference(trained, read_split(found.settings, split, sinks), split), ""
    except DataError as error:
        return None, error.problems[0]


def _packed(
    found: Located, net: Plain, asked: Precision | None, beside: Reference | None
) -> tuple[Packed, Measured | None, str]:
    """Return a net as stored, what that costs, and why not with the usual precision."""
    try:
        packed = packing.pack(net, asked or "int8")
        if beside is None:
            return packed, None, ""
        measured = measure.measure(packed, beside)
        if asked is not None or not measured.costs:
            return packed, measured, ""
        half = packing.pack(net, "fp16")
    except OverflowError as error:
        raise ConfigError(f"--precision fp16: {found.path}: {error}; choose int8") from None
    return half, measure.measure(half, beside), f"int8 would cost too much ({measured.text()})"


def _familiar(found: Located, packed: Packed, classes: int, beside: Reference | None, sinks: Sinks) -> Familiar | None:
    """Return what images of each class look like; None without the run's images, and of an autoencoder."""
    if beside is None or packed.net.code is not None:
        return None
    try:
        return familiar.look(packed, classes, read_split(found.settings, "train", sinks), beside.images)
    except DataError as error:
        sinks.warn(f"the page cannot tell unusual drawings: {error.problems[0]}")
        return None


def page_data(found: Located, packed: Packed, classes: list[str], measured: Measured | None) -> dict[str, Any]:
    """Return what the scripts of a page know of a run, except for its name."""
    settings = found.settings
    size = image_size(settings)
    preparing, style = files.how(found, "auto"), files.style_of(found)
    return {
        "version": __version__,
        "net": "-".join(settings.model.layer_sizes(size, len(classes))),
        "classes": classes,
        "size": list(size),
        "layers": packed.layers,
        "code": packed.net.code,
        "style": style and style.plain(),
        "prepares": preparing is not None,
        "single": preparing is None or preparing.single,
        "deskew": settings.data.deskew,
        "white": settings.data.white,
        "precision": packed.precision,
        "measured": measured and vars(measured),
        "limit": _limit(found, packed, measured),
    }


def _limit(found: Located, packed: Packed, measured: Measured | None) -> dict[str, Any] | None:
    """Return from which probability on an answer counts, or up to which error an image is usual; None if unknown."""
    if packed.net.code is not None:
        return {"value": measured.limit, "from": "page"} if measured else None
    threshold = certainty.threshold_of(found)
    if threshold is not None:
        return {"value": threshold, "from": "run"}
    return {"value": measured.limit, "from": "page"} if measured else {"value": STATED, "from": "stated"}
