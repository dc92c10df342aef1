"""Export to ONNX: a quantized model as a graph that ONNX Runtime executes and QONNX tools read."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto

from vit2rtl.golden.files import atomic
from vit2rtl.golden.program.program import IntegerProgram
from vit2rtl.lowering.lower import lower
from vit2rtl.onnx.converter import Converter
from vit2rtl.onnx.forms import FORMS
from vit2rtl.onnx.graph import Graph, to_bytes
from vit2rtl.onnx.quantizers import QdqNodes, Quantizers, QuantNodes
from vit2rtl.quantized_vit import QuantizedViT

_QUANTIZERS: Mapping[str, Callable[[Graph], Quantizers]] = dict(
    zip(FORMS, (QuantNodes, QdqNodes), strict=True))


def export(
    quantized: QuantizedViT, path: str | Path, *, model: str, preprocessing: dict[str, Any],
    form: str = "qonnx", float32: bool = False,
) -> ModelProto:
    """Write a calibrated model as an ONNX file: ``images`` to ``logits``, any number of images.

    quantized      of profile ``hardware``
    model          its name, for the record
    preprocessing  see :func:`vit2rtl.models.images.preprocessing`; ``images`` are what it gives
    form           ``qonnx``: ``Quant`` nodes, any widths; ``qdq``: QuantizeLinear and
                   DequantizeLinear, 8-bit weights and activations
    float32        values in float32 and not in float64; form ``qdq`` knows nothing else
    returns        the model written
    raises         ValueError where the model has no such form; nothing is written then
    """
    quantized.recipe.require_units("Export to ONNX needs")
    if form not in FORMS:
        raise ValueError(f"Form must be one of {', '.join(FORMS)}, not {form!r}")
    program = lower(quantized, variant="hardware", model=model, preprocessing=preprocessing)
    exported = convert(program, form=form, float32=float32)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.data(path, to_bytes(exported))
    return exported


def convert(program: IntegerProgram, *, form: str = "qonnx", float32: bool = False) -> ModelProto:
    """The checked model of a program of variant ``hardware``."""
    if program.variant != "hardware":
        raise ValueError("Export to ONNX needs a program of variant hardware, "
                         f"not {program.variant}")
    float32 = float32 or form == "qdq"
    graph = Graph(np.float32 if float32 else np.float64)
    quantizers = _QUANTIZERS[form](graph)
    Converter(program, graph, quantizers).convert("images", "logits")
    metadata = {
        "vit2rtl.model": program.model,
        "vit2rtl.form": form,
        "vit2rtl.precision": graph.dtype.name,
        "vit2rtl.recipe": json.dumps(program.recipe, sort_keys=True),
        "vit2rtl.preprocessing": json.dumps(program.preprocessing, sort_keys=True),
    }
    return graph.model(
        {"images": (("batch", *program.image.shape), np.float32)},
        {"logits": (("batch", *program.logits.shape), np.float32)},
        metadata, functions=quantizers.functions(),
    )
