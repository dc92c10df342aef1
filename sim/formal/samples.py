"""Inputs and configuration to compare on: every one where they are few, else extremes and many."""

from collections.abc import Sequence
from itertools import product
from math import prod

import numpy as np

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Field

CONFIGURATIONS = 40  # at most, where most of those drawn lie outside the domain


def columns(
    instance: Instance, fields: Sequence[Field], count: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Elements with their configuration, by field name, within the domain: int64[elements]."""
    if prod(f.range[1] - f.range[0] + 1 for f in fields) <= count:
        rows = list(product(*(range(f.range[0], f.range[1] + 1) for f in fields)))
    else:
        rows = [tuple(rng.choice(_ends(f)) for f in fields) for _ in range(count // 4)]
        rows += zip(*(_spread(f, 3 * count // 4, rng) for f in fields), strict=True)
    table = np.array(rows, dtype=np.int64).T
    return _inside(instance, dict(zip((f.name for f in fields), table, strict=True)))


def _ends(field: Field) -> list[int]:
    low, high = field.range
    return sorted({low, low + 1, 0 if low else 2, high - 1, high})


def _spread(field: Field, count: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of every length: uniform ones would hardly ever be small."""
    low, high = field.range
    numbers = rng.integers(low, high, count, endpoint=True)
    return np.clip(numbers >> rng.integers(0, field.width, count), low, high)


def _inside(instance: Instance, table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Elements of the domain: configurations outside are exchanged, elements outside left out.

    Golden takes one configuration at a time, so it is a handful that they are exchanged for.
    """
    names = [f.name for f in instance.configuration]
    size = len(next(iter(table.values())))
    fits, rows = np.ones(size, dtype=bool), np.ones(size, dtype=bool)
    for limit in instance.domain:
        own = set(limit.terms) <= set(names)
        inside = limit.holds(table)
        fits, rows = (fits & inside, rows) if own else (fits, rows & inside)
    if not fits.all():
        settings = np.flatnonzero(fits)
        settings = settings[:: max(1, len(settings) // CONFIGURATIONS)]
        chosen = settings[np.arange(size) % len(settings)]
        table = table | {name: table[name][chosen] for name in names}
    return {name: values[rows] for name, values in table.items()}
