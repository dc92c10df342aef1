"""Export to ONNX: a quantized model as a graph that ONNX Runtime executes and QONNX tools read."""

import json
import os
from pathlib import Path

import numpy as np

from vit2rtl.lowering.lower import lower
from vit2rtl.onnx.graph import Graph, to_bytes
from vit2rtl.onnx.ops import Converter
from vit2rtl.onnx.quantizers import QdqNodes, QuantNodes

FORMS = {"qonnx": QuantNodes, "qdq": QdqNodes}


def export(quantized, path, *, model, preprocessing, form="qonnx", float32=False):
    """Write a calibrated model as an ONNX file: ``images`` to ``logits``, any number of images.

    quantized      :class:`vit2rtl.quantized_vit.QuantizedViT`, profile ``hardware``
    model          its name, for the record
    preprocessing  see :func:`vit2rtl.models.images.preprocessing`; ``images`` are what it gives
    form           ``qonnx``: ``Quant`` nodes, any widths; ``qdq``: QuantizeLinear and
                   DequantizeLinear, 8-bit weights and activations
    float32        values in float32 and not in float64; form ``qdq`` knows nothing else
    returns        the onnx.ModelProto
    raises         ValueError where the model has no such form; nothing is written then
    """
    quantized.recipe.require_integers("Export to ONNX needs")
    if form not in FORMS:
        raise ValueError(f"Form must be one of {', '.join(FORMS)}, not {form!r}")
    program = lower(quantized, variant="hardware", model=model, preprocessing=preprocessing)
    made = convert(program, form=form, float32=float32)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(to_bytes(made))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return made


def convert(program, *, form="qonnx", float32=False):
    """The checked onnx.ModelProto of a program of variant ``hardware``."""
    if program.variant != "hardware":
        raise ValueError("Export to ONNX needs a program of variant hardware, "
                         f"not {program.variant}")
    float32 = float32 or form == "qdq"
    graph = Graph(np.float32 if float32 else np.float64)
    quantizers = FORMS[form](graph)
    Converter(program, graph, quantizers).convert("images", "logits")
    metadata = {
        "vit2rtl.model": program.model,
        "vit2rtl.form": form,
        "vit2rtl.precision": graph.dtype.name,
        "vit2rtl.quantization.recipe": json.dumps(program.recipe, sort_keys=True),
        "vit2rtl.preprocessing": json.dumps(program.preprocessing, sort_keys=True),
    }
    return graph.model(
        {"images": (("batch", *program.image.shape), np.float32)},
        {"logits": (("batch", *program.logits.shape), np.float32)},
        metadata, functions=quantizers.functions(),
    )
