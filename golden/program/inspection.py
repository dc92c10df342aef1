"""What a program costs: shapes, bits, multiplications and bytes, op by op and in all."""

from math import prod

import numpy as np

from vit2rtl.golden.arithmetic.matmul import width

_FLOAT_BITS = 32
_MATMULS = {"linear": "linear", "query_key": "query_key", "attention_value": "attention_value"}


def summary(program):
    """A dict, ready for JSON: ``ops``, one each, and ``totals``.

    ``parameter_bits`` counts every constant at its bit width: weights at theirs, zero points and
    biases at the width of the op's largest, multipliers and shifts likewise; zero points that are
    all one number (symmetric weights) count once. Tables are apart.
    ``float32_bits`` is what the same parameters take in the float model.
    """
    tensors = program.tensors()
    rows = [_row(op, [tensors[name] for name in op.inputs]) for op in program.ops]
    macs = {kind: sum(row["macs"] for row in rows if row["kind"] == kind) for kind in _MATMULS}
    parameters, tables, floats = (
        sum(row[key] for row in rows) for key in ("parameter_bits", "table_bits", "float32_bits")
    )
    return {
        "model": program.model,
        "variant": program.variant,
        "recipe": program.recipe,
        "ops": rows,
        "totals": {
            "ops": len(rows),
            "macs": macs | {"all": sum(macs.values())},
            "float32_bytes": floats // 8,
            "parameter_bytes": -(-parameters // 8),
            "table_bytes": -(-tables // 8),
            "float32_over_weights": _weights_ratio(rows),
            "float32_over_parameters": floats / max(parameters, 1),
            "float32_over_all": floats / max(parameters + tables, 1),
            "widest_accumulator_bits": max(
                (row["accumulator_bits"] for row in rows if row["accumulator_bits"]), default=0
            ),
        },
    }


def _weights_ratio(rows):
    """Of linear layers alone: weights, biases and all that requantizes them."""
    bits, floats = (sum(row[key] for row in rows if row["kind"] == "linear")
                    for key in ("parameter_bits", "float32_bits"))
    return floats / max(bits, 1)


def _row(op, inputs):
    bound = op.attributes.get("accumulator_bound")
    return {
        "name": op.name,
        "kind": op.kind,
        "inputs": [{"name": t.name, "shape": list(t.shape), "bits": t.bits} for t in inputs],
        "output": {"name": op.output.name, "shape": list(op.output.shape), "bits": op.output.bits,
                   "signed": op.output.signed, "encoding": op.output.encoding},
        "accumulator_bound": bound,
        "accumulator_bits": None if bound is None else width(-bound, bound),
        "macs": _macs(op, inputs),
        "parameter_bits": _parameter_bits(op),
        "table_bits": op.tensors["table"].size * op.output.bits if op.kind == "table" else 0,
        "float32_bits": _float_parameters(op) * _FLOAT_BITS,
    }


def _macs(op, inputs):
    """Multiplications of one image; those of attention times V are shifts in hardware."""
    if op.kind == "linear":
        return prod(op.output.shape) * inputs[0].shape[-1]
    if op.kind in ("query_key", "attention_value"):
        values = inputs[1]
        return prod(values.shape) * values.shape[-2]
    return 0


def _parameter_bits(op):
    if op.kind == "table":
        return 0
    return round(sum(array.size * _bits(op, role, array) for role, array in op.tensors.items()))


def _bits(op, role, array):
    if role == "weight":
        return op.attributes["weight_bits"]
    if array.dtype.kind == "f":
        return _FLOAT_BITS
    low, high = int(array.min()), int(array.max())
    if role == "weight_zero_point" and low == high:
        return width(low, high) / array.size
    if role == "shift":
        # A base for the layer, and as many bits as its window of shifts needs.
        return (high - low).bit_length()
    return width(low, high) if low < 0 else max(high.bit_length(), 1)


def _float_parameters(op):
    roles = {"linear": ("weight", "bias"), "layernorm": ("gain", "offset"),
             "layernorm_float": ("gamma", "beta"), "embed": ("constants",),
             "embed_float": ("constants",), "query_key": ("bias",), "softmax_float": ("bias",)}
    return sum(np.size(op.tensors[role]) for role in roles.get(op.kind, ()) if role in op.tensors)
