"""``fcnet export --to onnx``: a graph that takes images as bytes, compared with PyTorch before it is written."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fcnet import __version__
from fcnet.config.names import Which
from fcnet.errors import CheckpointError, ConfigError
from fcnet.export import comparison, graphs, subject
from fcnet.export.exported import Exported
from fcnet.export.graphs import Graph
from fcnet.export.subject import Subject
from fcnet.rundir import one_file
from fcnet.system import extras
from fcnet.system.memory import is_out_of_memory
from fcnet.system.sinks import SILENT, Sinks
from fcnet.system.threads import limits

SUFFIX = ".onnx"

OPSET = 18  # of ONNX 1.13 (2022): the one that torch writes without converting, and that all later readers know

MOST_BYTES = 2**31 - (1 << 20)  # of weights: a file of ONNX holds less than 2 GiB, and the graph needs a little

_ERRORS_ONLY = 3  # of onnxruntime's log

_NOT_INSIDE = {  # keys of `data`: what is done to images before a batch, which no graph can do
    "deskew": "images have to be deskewed before (fcnet.data.images.deskew), as this model's were",
    "prepare": "photos have to be prepared before (as fcnet predict does), as this model's were",
}


@limits.chosen()
def run_export(
    run: Path | None, out: Path, weights: Which | None = None, config_file: Path | None = None, sinks: Sinks = SILENT
) -> Exported:
    """Write a model as an ONNX graph from ``images`` uint8 (N, H, W) to its outputs (see ``graphs``).

    ``onnx.checker`` checks the graph, and onnxruntime runs it beside PyTorch on the images that the config holds out.

    Args:
        run: run directory or model file; the newest run when None.
        out: the file, whose name ends in .onnx.
        weights: of a run: best or last; the best if it has them, when None.
        config_file: for a model file outside any run directory.
        sinks: for notices and warnings.

    Returns:
        What was written, and how far its outputs are from the model's.

    Raises:
        ConfigError: ``out`` may not be written, a library is not installed, or the model cannot be a graph.
        CheckpointError: the graph is not valid, or its outputs differ; nothing was written.
    """
    with extras.needed("--to onnx", "export"):
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401 - whether it is there: torch's exporter needs it
    one_file.check(out, (SUFFIX,), "an export", _is_own)
    found = subject.find(run, config_file, weights, sinks)
    graph = graphs.of(found.trained.net, found.size, found.settings.model.classifies)
    notes = [text for key, text in _NOT_INSIDE.items() if getattr(found.settings.data, key)]
    model = _described(_exported(graph, found), found, graph, notes)
    data = model.SerializeToString(deterministic=True)
    try:
        onnx.checker.check_model(data, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise CheckpointError(f"{out}: not written: onnx.checker refuses the graph: {_short(error)}") from None
    differences = comparison.compare(graph, _run(data, graph, out), *comparison.images_of(found, sinks))
    if not differences.small:
        raise CheckpointError(f"{out}: not written: onnxruntime and PyTorch differ {differences.text()}")
    one_file.write(out, data)
    for note in notes:
        sinks.warn(f"{out}: {note}")
    lines = [
        f"{out}: {found.sizes}, the weights of {found.weights}: ONNX opset {OPSET}, {len(data):,} bytes",
        f"{_shape(model.graph.input)} -> {_shape(model.graph.output)}",
        f"checked by onnx {onnx.__version__}, and onnxruntime {onnxruntime.__version__} beside PyTorch"
        f" {differences.text()}",
    ]
    return Exported(out, lines, found.facts | {"bytes": len(data), "opset": OPSET} | differences.facts())


def _exported(graph: Graph, found: Subject) -> Any:
    """Return the graph as torch's exporter writes it. Raises ConfigError if it cannot."""
    if (size := sum(one.nbytes for one in graph.state_dict().values())) > MOST_BYTES:
        raise ConfigError(
            f"--to onnx: {found.trained.path} has {size:,} bytes of weights, and a file of ONNX holds at most"
            f" {MOST_BYTES:,}; use --to safetensors"
        )
    images = torch.zeros(2, *found.size, dtype=torch.uint8)
    try:
        with warnings.catch_warnings(action="ignore"):
            program = torch.onnx.export(
                graph,
                (images,),
                dynamo=True,
                opset_version=OPSET,
                input_names=[graphs.INPUT],
                output_names=list(graph.names),
                dynamic_shapes={graphs.INPUT: {0: torch.export.Dim("N")}},
                verbose=False,
            )
        assert program is not None
        return program.model_proto
    except Exception as error:
        if is_out_of_memory(error) or isinstance(error, OSError):
            raise
        raise ConfigError(
            f"--to onnx: torch {torch.__version__} cannot make a graph of {found.trained.path}, a model of kind"
            f" {found.settings.model.kind} ({_short(error)}); use --to safetensors"
        ) from None


def _described(model: Any, found: Subject, graph: Graph, notes: list[str]) -> Any:
    """Return the graph without what the exporter says about this machine, with what a reader needs to know."""
    import onnx

    for part in (model.graph, *model.graph.node, *model.graph.input, *model.graph.output, *model.graph.value_info):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for weight in model.graph.initializer:
        weight.ClearField("metadata_props")
    model.graph.name, model.producer_name, model.producer_version = "fcnet", "fcnet", __version__
    height, width = found.size
    onnx.helper.set_model_props(
        model,
        found.metadata
        | {
            "image_size": json.dumps([height, width]),
            "input": f"{graphs.INPUT}: uint8 (N, {height}, {width}), 0 is black; the graph divides by 255",
            "outputs": ", ".join(graph.names),
            "preprocessing": "; ".join(notes),
            "weights_sha256": found.sha256,
        },
    )
    return model


def _run(data: bytes, graph: Graph, out: Path) -> comparison.Run:
    """Return a function that runs a graph in onnxruntime, on the CPU; it raises CheckpointError if that fails."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = torch.get_num_threads()

    def run(images: NDArray[np.uint8]) -> comparison.Outputs:
        try:
            return dict(zip(graph.names, session.run(list(graph.names), {graphs.INPUT: images}), strict=True))
        except Exception as error:
            raise _not_run(out, error) from None

    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of a type that its documentation does not name
        raise _not_run(out, error) from None
    return run


def _not_run(out: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"{out}: not written: onnxruntime cannot run the graph: {_short(error)}")


def _shape(values: Any) -> str:
    """Return names, types and shapes of a graph's inputs or outputs."""
    import onnx

    words = []
    for value in values:
        kind = value.type.tensor_type
        shape = ", ".join(one.dim_param or str(one.dim_value) for one in kind.shape.dim)
        name = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name
        words.append(f"{value.name} {name} ({shape}{',' * (len(kind.shape.dim) == 1)})")
    return ", ".join(words)


def _short(error: Exception) -> str:
    """Return the first line of an error of a library."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[0].strip()[:200] if lines else type(error).__name__


def _is_own(path: Path) -> bool:
    import onnx

    try:
        return bool(onnx.load(path, load_external_data=False).producer_name == "fcnet")
    except Exception:  # of protobuf: whatever is no file of ONNX
        return False
