"""Reading an integer program: everything is checked before anything runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.golden.files import documents
from vit2rtl.golden.program.checks import check_op, check_tensor, check_use, check_widths
from vit2rtl.golden.program.images import check_prepared
from vit2rtl.golden.program.program import (
    GRAPH,
    LOGITS,
    OUTPUTS,
    SCHEMA,
    TENSORS,
    VARIANTS,
    IntegerProgram,
    Op,
    Tensor,
)

_FIELDS = {"name": str, "kind": str, "inputs": list, "output": dict, "attributes": dict,
           "tensors": list}


def read_program(folder: str | Path) -> IntegerProgram:
    """The program in a folder.

    raises   ValueError, one sentence that names the op and what is wrong with it
    """
    folder = Path(folder)
    path = folder / GRAPH
    graph = documents.read(folder, GRAPH, SCHEMA, kind="program", maker="vit2rtl lower")
    try:
        return _program(graph, _constants(folder, graph))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _constants(folder: Path, graph: Mapping[str, Any]) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    file = folder / TENSORS
    if not file.is_file():
        raise ValueError(f"the file {TENSORS} is missing")
    data = file.read_bytes()
    stated = graph.get("tensors")
    if not isinstance(stated, dict) or documents.sha256_of(data) != stated.get("sha256"):
        raise ValueError(f"{TENSORS} is not the file the graph was written with (SHA-256)")
    try:
        return load(data)
    except SafetensorError as error:
        raise ValueError(f"{TENSORS} is not a safetensors file ({error})") from error


def _program(graph: Mapping[str, Any], constants: Mapping[str, np.ndarray]) -> IntegerProgram:
    for key, kind in (("image", dict), ("ops", list), ("preprocessing", dict), ("model", str),
                      ("recipe", dict)):
        if not isinstance(graph.get(key), kind):
            raise ValueError(f"{key!r} is missing or no {kind.__name__}")
    if graph.get("variant") not in VARIANTS:
        raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, "
                         f"not {graph.get('variant')!r}")
    output = graph.get("output", LOGITS)  # programs of older versions have classes
    if output not in OUTPUTS:
        raise ValueError(f"output must be one of {', '.join(OUTPUTS)}, not {output!r}")
    image = _tensor(graph["image"], "image")
    if len(image.shape) != 3 or image.signed or image.bits > 8 or image.encoding != "uniform":
        raise ValueError("image must have three axes and unsigned codes of at most 8 bits")
    check_prepared(graph["preprocessing"])
    if graph["preprocessing"]["input_size"] != list(image.shape):
        raise ValueError(f"input_size must be {list(image.shape)} as the image's shape, "
                         f"not {graph['preprocessing']['input_size']}")
    pixel_codes = constants.get("pixel_codes")
    if pixel_codes is None or pixel_codes.shape != (image.shape[0], 256) or (
        pixel_codes.dtype != np.uint8 or int(pixel_codes.max()) > image.limits()[1]
    ):
        raise ValueError(f"tensor 'pixel_codes' must be uint8[{image.shape[0]}, 256], "
                         f"0 to {image.limits()[1]}")
    ops = _ops(graph["ops"], image, constants, graph["variant"])
    check_widths(ops, graph["recipe"])
    return IntegerProgram(graph["variant"], image, pixel_codes, ops, graph["preprocessing"],
                          graph["model"], graph["recipe"], output)


def _ops(
    items: Sequence[Any], image: Tensor, constants: Mapping[str, np.ndarray], variant: str
) -> list[Op]:
    if not items:
        raise ValueError("the program has no ops")
    alive = {image.name: image}
    ops: dict[str, Op] = {}
    later = {item["output"].get("name") for item in items
             if isinstance(item, dict) and isinstance(item.get("output"), dict)
             and isinstance(item["output"].get("name"), str)}
    for n, item in enumerate(items):
        op = _op(item, n, constants)
        if op.name in ops:
            raise ValueError(f"op {op.name!r} is there twice")
        for name in op.inputs:
            if name not in alive:
                why = "is made by this op or a later one" if name in later else "is not there"
                raise ValueError(f"op {op.name!r}: its input {name!r} {why}")
        if op.output.name in alive:
            raise ValueError(f"op {op.name!r}: its output {op.output.name!r} is there already")
        check_use(op, [alive[name] for name in op.inputs], variant)
        alive[op.output.name] = op.output
        ops[op.name] = op
    return [*ops.values()]


def _op(item: Any, n: int, constants: Mapping[str, np.ndarray]) -> Op:
    if not isinstance(item, dict):
        raise ValueError(f"op {n} is no object")
    for key, kind in _FIELDS.items():
        if not isinstance(item.get(key), kind):
            raise ValueError(f"op {item.get('name', n)!r}: {key!r} is missing or no "
                             f"{kind.__name__}")
    name = item["name"]
    if not all(isinstance(text, str) for text in item["inputs"] + item["tensors"]):
        raise ValueError(f"op {name!r}: inputs and tensors must be names")
    tensors = {}
    for role in item["tensors"]:
        if f"{name}/{role}" not in constants:
            raise ValueError(f"op {name!r}: {TENSORS} lacks {name}/{role}")
        tensors[role] = constants[f"{name}/{role}"]
    op = Op(name, item["kind"], tuple(item["inputs"]),
            _tensor(item["output"], f"op {name!r}: output"), item["attributes"], tensors)
    check_op(op)
    return op


def _tensor(item: Mapping[str, Any], where: str) -> Tensor:
    try:
        tensor = Tensor(**{**item, "shape": tuple(item["shape"])})
        check_tensor(tensor)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"{where}: {error}") from error
    return tensor
