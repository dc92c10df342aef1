"""The cheapest row of a table that is good enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vit2rtl.explore.results import Row
from vit2rtl.explore.space import MACS
from vit2rtl.farm.store import DONE
from vit2rtl.golden.files.counts import counted

# What may be least, and what decides among equals.
COSTS = ("cycles", "logic", "energy", "weight_bytes", "bops")


@dataclass(frozen=True)
class Wish:
    """What a row must keep to.

    top1_drop   points of top-1 lost against the float model, at most
    device      its part; None for any, or for rows without hardware
    array       likewise
    mac         what multiplies: ``native`` is a what-if, no engine that is generated
    by          of :data:`COSTS`: the least one wins
    """

    top1_drop: float
    device: str | None = None
    array: str | None = None
    mac: str = MACS[0]
    by: str = COSTS[0]


def best(rows: Sequence[Row], wish: Wish) -> Row:
    """The row with the least of ``wish.by``, of equal ones that with the least of the other costs,
    then the most accurate.

    raises   ValueError that says how many rows there are and what stops them
    """
    asked = [(key, value) for key, value in (
        ("device", wish.device), ("array", wish.array), ("mac", wish.mac)) if value]
    chosen = [row for row in rows if all(
        row[key] == value or (key == "mac" and row[key] is None) for key, value in asked)]
    if not chosen:
        raise ValueError(f"No row of {len(rows)} has "
                         + ", ".join(f"{key} {value}" for key, value in asked))
    done = [row for row in chosen if row["status"] == DONE]
    if not done:
        raise ValueError(f"None of {counted(len(chosen), 'row')} is done; the first: "
                         f"{chosen[0]['error']}")
    good = [row for row in done if _lost(row) <= wish.top1_drop]
    if not good:
        least = min(done, key=_lost)
        raise ValueError(f"No row loses at most {wish.top1_drop:g} points of top-1; the least is "
                         f"{_lost(least):.1f}, of {least['name']}")
    by = wish.by if good[0][wish.by] is not None else "bops"
    return min(good, key=lambda row: (*_figures(row, by), -(row["sqnr_db"] or 0.0), row["name"]))


def _lost(row: Row) -> float:
    return round(row["float_top1"] - row["top1"], 9)


def _figures(row: Row, by: str) -> tuple[float, ...]:
    return tuple(row[key] or 0.0 for key in (by, *COSTS))


def sentence(row: Row, results: Mapping[str, Any]) -> str:
    """What was chosen, for people."""
    images = counted(results["provenance"]["images"], "image")
    parts = [f"{row['name']}: top-1 {row['top1']:.1f} % of {images}, {_lost(row):.1f} points below "
             f"float; SQNR {row['sqnr_db']:.1f} dB"]
    if row["cycles"] is not None:
        parts.append(f"{row['cycles']:,} cycles on {row['array']} {row['mac']}, "
                     f"{counted(row['groups'], 'token group')}, {row['device']}")
    parts.append(f"{row['weight_bytes']:,} bytes of weights")
    return "; ".join(parts)
