"""The table: a row for each recipe on each hardware, joined from trials; its front; its files."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vit2rtl.explore.space import Limits
from vit2rtl.farm.store import DONE
from vit2rtl.golden.files import documents

RESULTS, TABLE = "results.json", "results.csv"
SCHEMA = "vit2rtl.exploration/1"
REJECTED = "rejected"
Row = dict[str, Any]
# Columns of the table, in order; a row without a figure has null there.
COLUMNS = (
    "name", "method", "weights", "activations", "mixed", "array", "packed", "mac", "groups",
    "device", "sqnr_db", "sqnr_summed_db", "top1", "top1_low", "top1_high", "float_top1",
    "agreement", "kl", "predicted_db", "cycles", "utilization", "logic", "multipliers", "memories",
    "area_source", "energy", "weight_bytes", "bops", "status", "error", "front",
)
# Cells of either family of parts, by what they are.
LOGIC, MULTIPLIERS, MEMORIES = ("COMB", "LUT"), ("MULT18", "DSP48"), ("EBR", "RAMB18")
# What a front is a compromise of: the figure, and whether more is better.
_AIMS = (("sqnr_db", True), ("cycles", False), ("logic", False), ("weight_bytes", False))


def counted(cells: Mapping[str, int], names: Iterable[str]) -> int | None:
    """Of the cells, those that have one of the names."""
    return next((cells[name] for name in names if name in cells), None)


def within(row: Row, limits: Limits) -> bool:
    """Whether a row keeps to all limits; a figure that it has not keeps to none."""
    comb = row["cells"] is not None and LOGIC[0] in row["cells"]
    drop = (None if row["top1"] is None or row["float_top1"] is None
            else row["float_top1"] - row["top1"])
    bounds = [(drop, limits.top1_drop), (row["logic"], limits.comb if comb else limits.lut)]
    bounds += [(row[key], getattr(limits, key)) for key in ("cycles", "multipliers", "memories")]
    return all(most is None or (value is not None and value <= most) for value, most in bounds)


def mark_front(rows: Sequence[Row], limits: Limits) -> None:
    """Set ``front`` of every row: whether it is done, keeps to the limits, and no other such row of
    its device is as good in SQNR, cycles, logic and bytes of weights and better in one of them."""
    able = [row for row in rows if row["status"] == DONE and row["sqnr_db"] is not None
            and within(row, limits)]
    for row in rows:
        row["front"] = False
    fronts: dict[str | None, list[tuple[float, ...]]] = defaultdict(list)
    # In this order what dominates a row comes before it, and one of the front does if any does.
    for row in sorted(able, key=_aims):
        front, aims = fronts[row["device"]], _aims(row)
        row["front"] = not any(_dominates(other, aims) for other in front)
        if row["front"]:
            front.append(aims)


def _aims(row: Row) -> tuple[float, ...]:
    """Smaller is better."""
    return tuple(0.0 if row[key] is None else -row[key] if more else row[key]
                 for key, more in _AIMS)


def _dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a != b and all(x <= y for x, y in zip(a, b, strict=True))


def document(results: Mapping[str, Any]) -> bytes:
    """``results.json``: the same results, the same bytes."""
    text = json.dumps({"schema": SCHEMA, **results}, indent=1, sort_keys=True, allow_nan=False)
    return f"{text}\n".encode()


def table(rows: Iterable[Row]) -> bytes:
    """``results.csv``."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow(["" if row[key] is None else str(row[key]).lower()
                         if isinstance(row[key], bool) else row[key] for key in COLUMNS])
    return stream.getvalue().encode()


def read(folder: str | Path) -> dict[str, Any]:
    """What ``results.json`` in a folder holds; a ValueError where it is no exploration's."""
    found = documents.read(folder, RESULTS, SCHEMA, kind="folder of an exploration",
                           maker="vit2rtl explore")
    rows = found.get("rows")
    whole = (isinstance(rows, list)
             and all(isinstance(row, dict) and row.keys() >= {*COLUMNS} for row in rows)
             and all(isinstance(found.get(key), dict) for key in ("provenance", "recipes")))
    if not whole:
        raise ValueError(f"{Path(folder) / RESULTS} is damaged: vit2rtl explore writes it again "
                         "from its trials")
    return found
