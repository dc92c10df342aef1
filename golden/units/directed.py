"""Directed records: the corner cases that each unit states, ready for the bundle writer.

The expected values come from slow oracles beside the cases and never from the golden functions,
against which the bundle writer then holds them.
"""

from collections.abc import Mapping
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np

from vit2rtl.golden.units.unit import Arrays, Case

if TYPE_CHECKING:
    from vit2rtl.golden.units.instance import Instance


def directed_cases(instance: "Instance") -> list[Case]:
    """The unit's cases; ValueError, in one sentence, for a unit without."""
    unit = instance.unit
    if unit.directed is None:
        raise ValueError(
            f"Unit {unit.name} has no directed cases: add them in golden/units/{unit.name}.py"
        )
    return list(unit.directed(instance.parameters))


def directed_records(instance: "Instance") -> list[dict[str, Any]]:
    """Records for :meth:`BundleWriter.add`: a list of its keyword arguments, all but ``instance``.

    Every corner that the instance's parameters allow, of a lane-wise unit once in every lane: see
    the ``description`` in their notes.
    """
    return [
        {
            "record": f"directed.{case.name}",
            "layer": "directed",
            "kind": "directed",
            "inputs": _spread(case.inputs, instance),
            "outputs": _spread(case.outputs, instance),
            "configuration": case.configuration,
            "notes": case.notes,
        }
        for case in directed_cases(instance)
    ]


def _spread(columns: Arrays, instance: "Instance") -> Mapping[str, np.ndarray]:
    """Elements as often as there are lanes, their number prime to it: each is in every one."""
    if not instance.lane_wise:
        return columns
    lanes = instance.lanes
    count = len(next(iter(columns.values())))
    while gcd(count, lanes) != 1:
        count += 1
    return {name: np.tile(np.resize(values, count), lanes) for name, values in columns.items()}
