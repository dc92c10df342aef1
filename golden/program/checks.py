"""Checks of what a file says of tensors and ops: by themselves, and with the tensors they take."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from sys import float_info
from typing import Any

import numpy as np

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.program.kind import INTEGER, NUMBER, Attribute, Kind
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.program.program import ENCODINGS, MOST_BITS, Op, Tensor

_FIELD_TYPES = {"name": str, "bits": int, "signed": bool, "encoding": str, "zero_point": int,
                "bound": int}
_TWIN = ("twin_softmax", "twin_activation")


def check_tensor(tensor: Tensor) -> None:
    """ValueError or TypeError unless a Tensor makes sense by itself."""
    for field in fields(Tensor):
        value = getattr(tensor, field.name)
        kind = _FIELD_TYPES.get(field.name)
        if kind and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise ValueError(f"{field.name} must be {kind.__name__}, not {value!r}")
    if not all(type(n) is int and n > 0 for n in tensor.shape) or not tensor.shape:
        raise ValueError(f"shape must be positive integers, not {list(tensor.shape)}")
    if tensor.encoding not in ENCODINGS:
        raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}, "
                         f"not {tensor.encoding!r}")
    limit = {"float64": 64, "accumulator": 32}.get(tensor.encoding, MOST_BITS)
    if not 1 <= tensor.bits <= limit:
        raise ValueError(f"bits must be between 1 and {limit}, not {tensor.bits}")
    if isinstance(tensor.scale, bool) or not isinstance(tensor.scale, NUMBER) or not (
        0 < tensor.scale <= float_info.max
    ):
        raise ValueError(f"scale must be a finite number above 0, not {tensor.scale!r}")
    if isinstance(tensor.low_scale, bool) or not isinstance(tensor.low_scale, NUMBER) or not (
        0 <= tensor.low_scale <= float_info.max
    ):
        raise ValueError(f"low_scale must be a finite number, not {tensor.low_scale!r}")
    if not 0 <= tensor.bound < 1 << 31 or abs(tensor.zero_point) >= 1 << 31:
        raise ValueError("bound and zero point must fit 31 bits")
    if tensor.encoding in _TWIN and not tensor.low_scale:
        raise ValueError(f"low_scale of {tensor.encoding} elements must be above 0")
    for name, due in _settled(tensor).items():
        if getattr(tensor, name) != due:
            raise ValueError(f"{name} of {tensor.encoding} elements must be {due}, "
                             f"not {getattr(tensor, name)}")


def _settled(tensor: Tensor) -> dict[str, Any]:
    """What follows from a tensor's encoding."""
    match tensor.encoding:
        case "uniform":
            return {"bound": 0, "low_scale": 0.0}
        case "power_of_two":
            return {"signed": False, "bound": 0, "low_scale": 0.0}
        case "log2_softmax":
            return {"signed": False, "scale": 1.0, "zero_point": 0, "bound": 0, "low_scale": 0.0}
        case "log_sqrt2":
            return {"signed": False, "zero_point": 0, "bound": 0, "low_scale": 0.0}
        case "twin_softmax":
            return {"signed": False, "zero_point": 0, "bound": 0}
        case "twin_activation":
            return {"signed": True, "zero_point": 0, "bound": 0}
        case "accumulator":
            return {"signed": True, "zero_point": 0, "low_scale": 0.0,
                    "bits": width(-tensor.bound, tensor.bound)}
        case "float64":
            return {"signed": True, "bits": 64, "scale": 1.0, "zero_point": 0, "bound": 0,
                    "low_scale": 0.0}
    raise ValueError(f"encoding {tensor.encoding!r} settles nothing")


def check_op(op: Op) -> None:
    """The kind is known; attributes and constants are all there, in their domain, and no others.

    An attribute that is a real number becomes a float: a person may write 1 for 1.0.
    """
    where = f"op {op.name!r}"
    if op.kind not in KINDS:
        raise ValueError(f"{where} is of unknown kind {op.kind!r}")
    kind = KINDS[op.kind]
    count = "some" if kind.repeated else len(kind.inputs)
    if not op.inputs or not (kind.repeated or len(op.inputs) == count):
        raise ValueError(f"{where} takes {count} inputs, not {len(op.inputs)}")
    for name, attribute in kind.attributes.items():
        if name in op.attributes or not attribute.optional:
            value = _value(attribute, op.attributes.get(name), f"{where}: attribute {name!r}")
            op.attributes[name] = value
    if missing := sorted(role for role, constant in kind.constants.items()
                         if not constant.optional and role not in op.tensors):
        raise ValueError(f"{where} lacks the tensor {missing[0]!r}")
    if extra := sorted(set(op.tensors) - set(kind.constants)):
        raise ValueError(f"{where} has no use for {extra[0]!r}")
    for role, array in op.tensors.items():
        _check_constant(kind, role, array, f"{where}: tensor {role!r}")


def _value(attribute: Attribute, value: Any, what: str) -> Any:
    if not attribute.accepts(value):
        raise ValueError(f"{what} must be {' or '.join(t.__name__ for t in attribute.types)}, "
                         f"not {value!r}")
    if attribute.types == NUMBER:
        return _finite(value, what)
    if attribute.types == INTEGER:
        return _in_range(value, attribute, what)
    if attribute.choices and value not in attribute.choices:
        raise ValueError(f"{what} must be one of {', '.join(attribute.choices)}, not {value!r}")
    return value


def _finite(value: float, what: str) -> float:
    if not abs(value) <= float_info.max:
        raise ValueError(f"{what} must be finite, not {value!r}")
    return float(value)


def _in_range(value: int, attribute: Attribute, what: str) -> int:
    if abs(value) >> 62:
        raise ValueError(f"{what} does not fit 62 bits")
    if attribute.range and not attribute.range[0] <= value <= attribute.range[1]:
        low, high = attribute.range
        raise ValueError(f"{what} must be between {low} and {high}, not {value}")
    return value


def _check_constant(kind: Kind, role: str, array: np.ndarray, what: str) -> None:
    if array.dtype.kind not in ("iuf" if kind.floats else "iu") or array.dtype == np.uint64:
        raise ValueError(f"{what} must be integers (of at most 63 bits), not {array.dtype}")
    if not array.size:
        raise ValueError(f"{what} has no elements")
    if kind.floats and not np.isfinite(array).all():
        raise ValueError(f"{what} holds NaN or infinity")
    limits = kind.constants[role].range
    if limits and not limits[0] <= int(array.min()) <= int(array.max()) <= limits[1]:
        raise ValueError(f"{what} must be between {limits[0]} and {limits[1]}")


def check_use(op: Op, inputs: Sequence[Tensor], variant: str) -> None:
    """What :func:`check_op` took and the tensors that go in and out fit each other; programs of
    variant ``integer`` have no float op."""
    kind = KINDS[op.kind]
    if variant == "integer" and (kind.floats or op.output.encoding == "float64"):
        raise ValueError(f"op {op.name!r} computes in float, in a program of variant integer")
    problem = kind.problem(op, inputs) or _repetition(kind, op, inputs)
    if problem:
        raise ValueError(f"op {op.name!r}: {problem}")


def _repetition(kind: Kind, op: Op, inputs: Sequence[Tensor]) -> str | None:
    """What an attribute says of the codes that go in is what their tensors say of them."""
    for name, attribute in kind.attributes.items():
        if attribute.repeats and name in op.attributes:
            value = attribute.repeats(inputs)
            if op.attributes[name] != value:
                return f"{name} must be {value} as in its input, not {op.attributes[name]}"
    return None


def check_widths(ops: Iterable[Op], recipe: Mapping[str, Any]) -> None:
    """ValueError unless each width of weights is one that the recipe states, if it states any."""
    if "weight_bits" not in recipe:
        return
    widths = {*_widths([*recipe.values()])}
    for op in ops:
        for name, attribute in KINDS[op.kind].attributes.items():
            if attribute.width and op.attributes[name] not in widths:
                due = " or ".join(map(str, sorted(widths)))
                raise ValueError(f"op {op.name!r}: {name} must be {due} as in the recipe, "
                                 f"not {op.attributes[name]}")


def _widths(value: Any) -> Iterator[int]:
    """Integers of a JSON value and of its lists, and those of rules: ``fc2.*=w5a6``."""
    if isinstance(value, list):
        for part in value:
            yield from _widths(part)
    elif isinstance(value, str) and "=" in value:
        yield from map(int, re.findall(r"\d+", value.rpartition("=")[2]))
    elif type(value) is int:
        yield value
