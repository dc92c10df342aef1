"""Kinds of ops: how many inputs they take, which attributes and constants they have."""

from dataclasses import dataclass, fields
from sys import float_info

import numpy as np

from vit2rtl.golden.arithmetic import softmax
from vit2rtl.golden.program.execute import KINDS
from vit2rtl.golden.program.program import ENCODINGS, Tensor

_INTEGER, _ARRAY = (int,), (list,)


@dataclass(frozen=True)
class _Kind:
    """inputs: their number, None for one or more; attributes and tensors that an op must have, and
    tensors that it may have."""

    inputs: int | None
    attributes: dict
    tensors: tuple = ()
    optional: tuple = ()


_NUMBER = (int, float)
_ATTENTION = {"heads": _INTEGER, "accumulator_bound": _INTEGER}
_SPECIFIED = {
    "patches": _Kind(1, {"patch": _ARRAY}),
    "linear": _Kind(
        1, dict.fromkeys(
            ("weight_bits", "accumulator_bound", "input_zero_point", "input_top"), _INTEGER),
        ("weight", "weight_zero_point", "bias", "multiplier", "shift")),
    "query_key": _Kind(2, _ATTENTION | dict.fromkeys(
        ("q_zero_point", "k_zero_point", "product_bound"), _INTEGER), (), ("bias", "mask")),
    "softmax": _Kind(1, {name: (str,) if name == "zero_code" else _INTEGER
                         for name in softmax.Softmax._fields}),
    "softmax_float": _Kind(1, {"logit_scale": _NUMBER, "threshold_a": _INTEGER,
                               "threshold_b": _INTEGER, "zero_code": (str,)},
                           (), ("bias", "mask")),
    "attention_value": _Kind(2, _ATTENTION | {
        "v_zero_point": _INTEGER, "softmax_bits": _INTEGER, "zero_code": (str,),
        "multipliers": _ARRAY}),
    "layernorm": _Kind(1, {"shift": _INTEGER, "epsilon": _INTEGER}, ("gain", "offset")),
    "layernorm_float": _Kind(1, {"epsilon": _NUMBER}, ("gamma", "beta")),
    "table": _Kind(1, {}, ("table",)),
    "embed": _Kind(1, {}, ("constants",)),
    "embed_float": _Kind(1, {"scale": _NUMBER, "zero_point": _INTEGER, "constant_scale": _NUMBER},
                         ("constants",)),
    "add": _Kind(2, {}),
    "add_float": _Kind(2, {"scale": _NUMBER, "zero_point": _INTEGER}),
    "select": _Kind(1, {"tokens": _ARRAY}),
    "gather": _Kind(1, {}, ("index",)),
    "real_float": _Kind(1, {"scale": _NUMBER, "zero_point": _INTEGER}),
    "pool": _Kind(1, dict.fromkeys(
        ("accumulator_bound", "input_zero_point", "multiplier", "shift"), _INTEGER)),
    "pool_float": _Kind(1, {}),
    "average": _Kind(None, {}),
    "average_float": _Kind(None, {"scales": _ARRAY, "zero_points": _ARRAY}),
}


def check_tensor(tensor):
    """ValueError or TypeError unless a Tensor makes sense by itself."""
    kinds = {"name": str, "bits": int, "signed": bool, "encoding": str, "zero_point": int,
             "bound": int}
    for field in fields(Tensor):
        value = getattr(tensor, field.name)
        kind = kinds.get(field.name)
        if kind and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise ValueError(f"{field.name} must be {kind.__name__}, not {value!r}")
    if not all(type(n) is int and n > 0 for n in tensor.shape) or not tensor.shape:
        raise ValueError(f"shape must be positive integers, not {list(tensor.shape)}")
    if tensor.encoding not in ENCODINGS:
        raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}, "
                         f"not {tensor.encoding!r}")
    limit = {"float64": 64, "accumulator": 32}.get(tensor.encoding, 16)
    if not 1 <= tensor.bits <= limit:
        raise ValueError(f"bits must be between 1 and {limit}, not {tensor.bits}")
    if isinstance(tensor.scale, bool) or not isinstance(tensor.scale, _NUMBER) or not (
        0 < tensor.scale <= float_info.max
    ):
        raise ValueError(f"scale must be a finite number above 0, not {tensor.scale!r}")
    if not 0 <= tensor.bound < 1 << 31 or abs(tensor.zero_point) >= 1 << 31:
        raise ValueError("bound and zero point must fit 31 bits")


def _finite(value, what):
    """As a float: a person may write 1 for 1.0."""
    if not abs(value) <= float_info.max:
        raise ValueError(f"{what} must be finite, not {value!r}")
    return float(value)


def check_constants(op):
    """The kind is known; its attributes and constants are all there, and nothing else."""
    kind = _SPECIFIED.get(op.kind)
    if kind is None or op.kind not in KINDS:
        raise ValueError(f"op {op.name!r} is of unknown kind {op.kind!r}")
    if kind.inputs not in (None, len(op.inputs)) or not op.inputs:
        raise ValueError(f"op {op.name!r} takes {kind.inputs or 'some'} inputs, "
                         f"not {len(op.inputs)}")
    for name, types in kind.attributes.items():
        value = op.attributes.get(name)
        if not isinstance(value, types) or isinstance(value, bool):
            raise ValueError(f"op {op.name!r}: attribute {name!r} must be "
                             f"{' or '.join(t.__name__ for t in types)}, not {value!r}")
        if types == _NUMBER:
            op.attributes[name] = _finite(value, f"op {op.name!r}: attribute {name!r}")
        if types == _INTEGER and abs(value) >> 62:
            raise ValueError(f"op {op.name!r}: attribute {name!r} does not fit 62 bits")
    allowed = {*kind.tensors, *kind.optional}
    wrong = sorted(set(kind.tensors) ^ (set(op.tensors) & {*kind.tensors}))
    extra = sorted(set(op.tensors) - allowed)
    if wrong or extra:
        raise ValueError(f"op {op.name!r} " + (
            f"lacks the tensor {wrong[0]!r}" if wrong else f"has no use for {extra[0]!r}"))
    for role, array in op.tensors.items():
        floats = op.kind.endswith("_float")
        if array.dtype.kind not in ("iuf" if floats else "iu") or array.dtype == np.uint64:
            raise ValueError(f"op {op.name!r}: tensor {role!r} must be integers "
                             f"(of at most 63 bits), not {array.dtype}")
        if floats and not np.isfinite(array).all():
            raise ValueError(f"op {op.name!r}: tensor {role!r} holds NaN or infinity")
