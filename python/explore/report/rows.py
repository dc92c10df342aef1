"""Reading the results of an exploration: rows that are done, their numbers, their names.

Every key of a row may be absent and every value null: a row is asked through these functions.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# A row of ``results["rows"]``.
Row = Mapping[str, Any]


def rows_of(results: Mapping[str, Any]) -> list[Row]:
    """Every row of the results, done or not."""
    return list(results.get("rows") or [])


def done(results: Mapping[str, Any]) -> list[Row]:
    """The rows that have results; a row without a status counts as done."""
    return [row for row in rows_of(results) if text(row, "status") in ("", "done")]


def most_wanted(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many rows, in their order: those on the front first, then as they come."""
    by_front = sorted(range(len(rows)), key=lambda n: rows[n].get("front") is not True)
    return [rows[n] for n in sorted(by_front[:most])]


def number(row: Row, key: str) -> float | None:
    """A finite number, or None for whatever else is there."""
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def text(row: Row, key: str) -> str:
    """A value as text; empty where there is none."""
    value = row.get(key)
    return "" if value is None else str(value)


def fits(row: Row) -> bool | None:
    """Whether the row's device holds it, from one answer or one for each device; None: unknown."""
    answer = row.get("fits")
    if isinstance(answer, Mapping):
        answer = answer.get(text(row, "device"))
    return answer if isinstance(answer, bool) else None


def having(rows: Iterable[Row], *keys: str) -> list[Row]:
    """The rows that have a number for every key."""
    return [row for row in rows if all(number(row, key) is not None for key in keys)]


def value(row: Row, key: str) -> float:
    """The number of a row that :func:`having` let pass."""
    found = number(row, key)
    if found is None:
        raise ValueError(f"Row {text(row, 'name')!r} must have a number as {key}")
    return found


def values(rows: Iterable[Row], key: str) -> list[str]:
    """The texts that rows have for a key, each once, as they come; without empty ones."""
    return [one for one in dict.fromkeys(text(row, key) for row in rows) if one]


def main_device(rows: Iterable[Row]) -> str:
    """The device of most rows, of equal ones the first; empty where no row has one."""
    counts = Counter(text(row, "device") for row in rows if text(row, "device"))
    return counts.most_common(1)[0][0] if counts else ""


def on_main_device(rows: Sequence[Row]) -> list[Row]:
    """The rows of that device: cells of several do not compare."""
    device = main_device(rows)
    return [row for row in rows if text(row, "device") == device] if device else list(rows)


def logic_unit(rows: Iterable[Row]) -> str:
    """What the logic of these rows counts: "COMB" cells of ECP5, else "LUT", or both."""
    units = {
        "COMB" if "COMB" in (row.get("cells") or {}) else "LUT"
        for row in having(rows, "logic")
    }
    return " or ".join(sorted(units)) or "cells"


def hardware(row: Row) -> str:
    """The hardware of a row: "8x8 digit array, 4 columns packed, 2 groups, LFE5U-85F"."""
    array = " ".join(one for one in (text(row, "array"), text(row, "mac")) if one)
    groups, packed = text(row, "groups"), number(row, "packed")
    parts = (f"{array} array" if array else "",
             f"{packed:g} columns packed" if packed else "",
             f"{groups} group{'s' if groups != '1' else ''}" if groups else "",
             text(row, "device"))
    return ", ".join(part for part in parts if part)


def front(rows: Iterable[Row], x: str, y: str, *, y_is_cost: bool = False) -> list[Row]:
    """The rows that no other beats in two figures, by rising ``x``: less of it is better.

    y_is_cost   whether less of ``y`` is better, too, else more
    """
    sign = -1 if y_is_cost else 1
    best = -math.inf
    kept = []
    for row in sorted(having(rows, x, y), key=lambda row: (value(row, x), -sign * value(row, y))):
        if sign * value(row, y) > best:
            best = sign * value(row, y)
            kept.append(row)
    return kept


def log_ticks(numbers: Iterable[float]) -> list[float]:
    """Round ticks of a logarithmic axis within the numbers' range: 1, 10, ... or 1, 2, 5, 10, ...

    The coarsest that are three at least; in a short range, its ends. Numbers are above 0; what is
    not is left out.
    """
    known = [number for number in numbers if number > 0]
    if not known:
        return []
    low, high = min(known), max(known)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7), tuple(n / 10 for n in range(10, 100))):
        ticks = [step * 10.0**exponent for exponent in exponents for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if 3 <= len(ticks) <= 8:
            return ticks
    return sorted({low, high})


def short(number: float) -> str:
    """A number of cycles or cells in three digits: "12.5k"."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"


def natural(name: str) -> list[tuple[int, str]]:
    """Order of names as people count: ``blocks.2`` before ``blocks.10``."""
    return [(int(part), "") if part.isdigit() else (-1, part)
            for part in re.split(r"(\d+)", name)]


def recipe(row: Row) -> str:
    """A setting's name without its widths: method and options, "repq softmax=uniform"."""
    widths = f"w{text(row, 'weights')}a{text(row, 'activations')} "
    name = text(row, "name")
    return name.removeprefix(widths) if name.startswith(widths) else text(row, "method")
