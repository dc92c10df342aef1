"""The committed table of areas and clocks: reading it, writing it, comparing a fresh run with it.
"""

import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, TypedDict

from vit2rtl.golden.files import atomic

NAME = "area.json"
TOLERANCE = 0.15
# Place-and-route runs of a row; its clock is their median.
SEEDS = 3
# ECP5's cells under names that do not depend on the device.
_FLAT = {"lut4": "LUT4", "ccu2c": "CCU2C", "comb": "COMB", "ff": "FF", "mult18": "MULT18",
         "ebr": "EBR"}
Key = tuple[str, str, bool]


class Row(TypedDict):
    """A measurement, as :func:`~.measure.measure` returns it and JSON holds it."""

    instance: str
    source: str
    unit: str | None
    parameters: dict[str, Any]
    verilog: str
    device: str
    fabric: bool
    cells: dict[str, int]
    fmax_mhz: float | None
    fmax_by_seed: list[float]
    seeds: int
    date: str
    tools: str


def committed() -> list[Row]:
    """The rows of the table, in its order."""
    return json.loads((files(__package__) / NAME).read_text(encoding="utf-8"))["measurements"]


def measured(unit: str) -> list[dict[str, Any]]:
    """The table's rows of a unit of the registry, the references beside it left out.

    returns   list of dicts: instance, unit, parameters, device, cells (by the device's names),
              fmax_mhz (median of the seeds, None where nothing was placed), seeds, date, tools; and
              lut4, ccu2c, comb, ff, mult18, ebr of ECP5, None where the device has no such cell
    """
    keys = ("instance", "unit", "parameters", "device", "cells", "fmax_mhz", "seeds", "date",
            "tools")
    return [
        {name: value for name, value in row.items() if name in keys}
        | {flat: row["cells"].get(name) if row["device"] == "ecp5" else None
           for flat, name in _FLAT.items()}
        for row in committed() if row["source"] == unit
    ]


def key(row: Row) -> Key:
    """What tells a row from all others, as :attr:`~.measure.Task.key`."""
    return row["instance"], row["device"], row["fabric"]


def merged(
    fresh: Iterable[Row], order: Iterable[Key], old: Iterable[Row] | None = None
) -> list[Row]:
    """Rows in the order of the keys: fresh where there is one, else those of the table.

    old  the table's; by default the committed ones
    """
    rows = {key(row): row for row in (*(committed() if old is None else old), *fresh)}
    return [rows[one] for one in order if one in rows]


def write(rows: Iterable[Row], path: str | Path) -> None:
    """Write rows as a table, one a line; the file appears whole or not at all."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    atomic.text(Path(path), f'{{"measurements": [\n{lines}\n]}}\n')


def differences(
    fresh: Sequence[Row], rows: Iterable[Row] | None = None, tolerance: float = TOLERANCE
) -> list[str]:
    """What of fresh rows the table does not bear out, a line each; none is as it should be.

    A count or a clock differs if it is more than ``tolerance`` of the table's away from it; and the
    Verilog is to be the one that the table was measured with.

    rows  the table's; by default the committed ones
    """
    table = {key(row): row for row in (committed() if rows is None else rows)}
    lines = []
    for row in fresh:
        where = f"{row['instance']} on {row['device']}{' in fabric' if row['fabric'] else ''}"
        if key(row) not in table:
            lines.append(f"{where}: not in the table")
            continue
        old = table[key(row)]
        if row["verilog"] != old["verilog"]:
            lines.append(f"{where}: the table was measured with other Verilog")
        pairs: dict[str, tuple[float | None, float]] = {
            name: (old["cells"].get(name), new) for name, new in row["cells"].items()}
        if row["fmax_mhz"] is not None:
            pairs["MHz"] = old["fmax_mhz"], row["fmax_mhz"]
        for name, (before, now) in pairs.items():
            if before is None or abs(now - before) > tolerance * before:
                lines.append(f"{where}: {name} {now}, in the table {before}")
    return lines
