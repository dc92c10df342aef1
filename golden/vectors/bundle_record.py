"""What a record must satisfy before it enters a bundle, and how the manifest describes it."""

import json

import numpy as np

from vit2rtl.golden.vectors import packing
from vit2rtl.golden.vectors.bundle_schema import NOTES


def checked(instance, inputs, outputs, configuration):
    """Arrays and settings in the order of the fields, every value in range, golden agreeing."""
    stimulus = _arrays("inputs", instance.inputs, inputs)
    expected = _arrays("outputs", instance.outputs, outputs)
    settings = _arrays("configuration", instance.configuration, configuration)
    if any(value.ndim for value in settings.values()):
        raise ValueError("Configuration must be single integers, not arrays")
    settings = {name: int(value) for name, value in settings.items()}
    shape = np.broadcast_shapes(*(values.shape for values in stimulus.values()))
    if 0 in shape:
        raise ValueError("A record needs at least one element")
    golden = instance.evaluate(stimulus, settings)
    for name, want in expected.items():
        if want.shape != shape:
            raise ValueError(f"Field {name!r} must have shape {shape}, not {want.shape}")
        got = np.broadcast_to(golden[name], shape)
        if not np.array_equal(got, want):
            element = int((got != want).reshape(-1).argmax())
            raise ValueError(
                f"element {element}: golden {name} is {got.flat[element]}, "
                f"expected {want.flat[element]}"
            )
    return stimulus, expected, settings


def _arrays(what, fields, values):
    names = [field.name for field in fields]
    if sorted(values) != sorted(names):
        given = ", ".join(sorted(values)) or "none"
        raise ValueError(f"The {what} must be {', '.join(names) or 'none'}, not {given}")
    arrays = {}
    for field in fields:
        array = np.asarray(values[field.name])
        if not np.issubdtype(array.dtype, np.integer):
            raise TypeError(f"Field {field.name!r} must be integers, not {array.dtype}")
        packing.check_range(field, array)
        arrays[field.name] = array.astype(np.int64)
    return arrays


def checked_notes(instance, notes):
    known = [field.name for field in (*instance.inputs, *instance.outputs)]
    for field, remarks in notes.items():
        if field not in known:
            raise ValueError(f"Notes must be on {', '.join(known)}, not {field!r}")
        for remark in remarks:
            if remark not in NOTES:
                raise ValueError(f"A note must be one of {', '.join(NOTES)}, not {remark!r}")
    return plain(notes)


def described(instance, role, values, files, settings, notes):
    """The manifest's description of every tensor of one role."""
    fields = instance.inputs if role == "stimulus" else instance.outputs
    offset = 0
    for field in fields:
        tensor = dict.fromkeys(NOTES)
        if role == "expected":
            tensor["rounding"] = instance.unit.rounding
            tensor["zero_point"] = settings.get("zero_point")
            tensor |= {
                other.name: f"tensor {other.name}"
                for other in instance.inputs
                if other.name in ("multiplier", "shift")
            }
        tensor |= notes.get(field.name, {})
        tensor |= {
            "name": field.name,
            "role": role,
            "shape": list(values[field.name].shape),
            "bits": field.width,
            "signed": field.signed,
            "lanes": instance.lanes,
            "packing": {"lane_bits": packing.lane_bits(fields), "offset": offset},
            "file": files[role]["file"],
            "sha256": files[role]["sha256"],
        }
        yield tensor
        offset += field.width


def plain(value):
    """A value as JSON gives it back, numpy scalars and arrays as numbers and lists."""
    text = json.dumps(value, allow_nan=False, default=_number)
    return json.loads(text)


def _number(value):
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r} has no JSON form")


def narrowest(field):
    """The smallest little-endian integer type that holds a field, for the ``.npz``."""
    octets = next(size for size in (1, 2, 4, 8) if field.width <= 8 * size)
    return np.dtype(f"<{'i' if field.signed else 'u'}{octets}")
