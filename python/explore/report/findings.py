"""What the results say, in sentences: the page's lead, and the titles of its plots."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from vit2rtl.explore.report.rows import (
    Row,
    done,
    fits,
    front,
    hardware,
    having,
    logic_unit,
    number,
    on_main_device,
    text,
    value,
)
from vit2rtl.golden.files.counts import counted

# What decides among settings of equal cost, in order.
COSTS = ("cycles", "logic", "energy", "weight_bytes", "bops")
POINTS = 1.0  # of top-1 that a setting may lose and still be called as good as the best


class Sentence(NamedTuple):
    """A sentence about a setting, whose name stands in it; both may be empty around it."""

    before: str
    setting: str = ""
    after: str = ""

    def __str__(self) -> str:
        return "".join(self)


def lead(results: Mapping[str, Any]) -> list[Sentence]:
    """The answer first: the settings within one point of the best top-1 that cost least.

    One sentence for the fewest cycles, one for the fewest cells where that is another setting.
    """
    rows = done(results)
    if not rows:
        return [Sentence("No setting has results yet.")]
    measured = having(rows, "top1")
    if not measured:
        return [_without_top1(rows)]
    floats = [value(row, "float_top1") for row in having(measured, "float_top1")]
    goal = floats[0] if floats else max(value(row, "top1") for row in measured)
    where = f"Within one point of {'the float model' if floats else 'the best'} ({goal:.1f} %), "
    near = [row for row in measured
            if round(goal - value(row, "top1"), 9) <= POINTS and fits(row) is not False]
    if not near:
        best = max(measured, key=lambda row: value(row, "top1"))
        return [_about(best, f"No setting is w{where[1:]}", "is the most accurate")]
    # Native columns are a what-if: no engine has them.
    near = [row for row in near if text(row, "mac") != "native"] or near
    fast = cheapest(near, "cycles")
    small = cheapest(on_main_device(near), "logic")
    sentences = []
    if fast is not None:
        sentences.append(_about(fast, where, "needs the fewest cycles"))
    if small is not None and small is not fast:
        sentences.append(_about(small, "" if sentences else where, "needs the fewest logic cells"))
    if not sentences and (light := cheapest(near, "bops")):
        sentences.append(_about(light, where, "needs the fewest bit operations"))
    return sentences or [_about(near[0], where, "is one of those")]


def _about(row: Row, before: str, claim: str) -> Sentence:
    return Sentence(before, text(row, "name"), f" {claim}: {costs(row)}.")


def _without_top1(rows: Sequence[Row]) -> Sentence:
    measured = having(rows, "sqnr_db")
    if not measured:
        return Sentence(f"{counted(len(rows), 'setting')}, and none has an accuracy.")
    best = max(measured, key=lambda row: value(row, "sqnr_db"))
    return _about(best, "Top-1 was not measured; ", "comes closest to the float model")


def cheapest(rows: Sequence[Row], cost: str) -> Row | None:
    """The row of the least cost, of equal ones that of the least others, then the most accurate.

    None where no row has that cost.
    """
    return min(having(rows, cost), default=None, key=lambda row: (
        value(row, cost), *(number(row, key) or 0.0 for key in COSTS),
        -(number(row, "sqnr_db") or 0.0), text(row, "name")))


def costs(row: Row) -> str:
    """What a row costs and gives: "170,490 cycles on 8x8 digit array, ..., top-1 97.8 %"."""
    parts = []
    cycles, logic, memories = (number(row, key) for key in ("cycles", "logic", "memories"))
    if cycles is not None:
        parts.append(f"{cycles:,.0f} cycles an image")
    if hardware(row):
        parts.append(hardware(row))
    if logic is not None:
        parts.append(f"{logic:,.0f} {logic_unit([row])}")
    if memories is not None:
        parts.append(f"{memories:,.0f} memories")
    if number(row, "top1") is not None:
        parts.append(f"top-1 {accuracy(row)}")
    if number(row, "sqnr_db") is not None:
        parts.append(f"SQNR {value(row, 'sqnr_db'):.1f} dB")
    return ", ".join(parts) or "nothing more is known"


def accuracy(row: Row) -> str:
    """Top-1 with its interval: "97.8 % (96.1 to 98.9)"."""
    low, high = number(row, "top1_low"), number(row, "top1_high")
    interval = f" ({low:.1f} to {high:.1f})" if low is not None and high is not None else ""
    return f"{value(row, 'top1'):.1f} %{interval}"


def accuracy_title(rows: Sequence[Row], cost: str, unit: str) -> str:
    """What SQNR against a cost shows, of the device with the most rows."""
    ends = front(on_main_device(rows), cost, "sqnr_db")
    if len(ends) == 1:
        return (f"{text(ends[0], 'name')} has both the highest SQNR, "
                f"{value(ends[0], 'sqnr_db'):.1f} dB, and the fewest {unit}")
    if not ends:
        return f"SQNR against {unit}"
    low, high = ends[0], ends[-1]
    times = value(high, cost) / value(low, cost) if value(low, cost) else 0
    if times < 1.05:
        return f"Up to {value(high, 'sqnr_db'):.1f} dB take nearly the same {unit}"
    return (f"From {value(low, 'sqnr_db'):.1f} to {value(high, 'sqnr_db'):.1f} dB "
            f"takes {times:.1f} times the {unit}")


def top1_title(rows: Sequence[Row]) -> str:
    """What top-1 against cycles shows, of the device with the most rows."""
    ends = front(on_main_device(rows), "cycles", "top1")
    if len(ends) == 1:
        return (f"{text(ends[0], 'name')} has both the highest top-1, "
                f"{value(ends[0], 'top1'):.1f} %, and the fewest cycles")
    if not ends:
        return "Top-1 against cycles"
    best = ends[-1]
    near = next(row for row in ends if value(row, "top1") >= value(best, "top1") - POINTS)
    if near is best:
        return f"Less than {value(best, 'cycles'):,.0f} cycles lose more than a point of top-1"
    lost = value(best, "top1") - value(near, "top1")
    return (f"{value(best, 'cycles') / value(near, 'cycles'):.1f} times fewer cycles "
            f"lose {lost:.1f} points of top-1")


def hardware_title(rows: Sequence[Row]) -> str:
    """What cycles against logic shows, of the device with the most rows."""
    ends = front(on_main_device(rows), "logic", "cycles", y_is_cost=True)
    if len(ends) == 1:
        return f"{text(ends[0], 'name')} has both the fewest cycles and the fewest cells"
    if not ends:
        return "Cycles against logic"
    small, fast = ends[0], ends[-1]
    fewer = value(small, "cycles") / value(fast, "cycles")
    cells = value(fast, "logic") / value(small, "logic")
    if fewer < 1.05:
        return f"{cells:.1f} times the cells save hardly any cycles"
    return f"{fewer:.1f} times fewer cycles take {cells:.1f} times the cells"


def widths_title(method: str, rows: Sequence[Row]) -> str:
    """What the widths of a method show: the fewest bits that are as good as its best."""
    key, unit, slack = "sqnr_db", "dB", 3.0
    if all(number(row, "top1") is not None for row in rows):
        key, unit, slack = "top1", "%", POINTS
    best = max(value(row, key) for row in rows)
    near = min((row for row in rows if value(row, key) >= best - slack),
               key=lambda row: (value(row, "weights") * value(row, "activations"),
                                -value(row, key)))
    within = "a point" if key == "top1" else f"{slack:g} dB"
    return (f"{method or 'All'}: W{value(near, 'weights'):g}/A{value(near, 'activations'):g} "
            f"has {value(near, key):.1f} {unit}, within {within} of its best {best:.1f}")


def bits_title(chosen: Mapping[str, Mapping[str, Sequence[int | None]]],
               names: Sequence[str]) -> str:
    """Which layers keep the most bits over all settings."""
    totals: dict[str, list[int]] = {}
    for name in names:
        for layer, pair in chosen[name].items():
            totals.setdefault(layer, []).append(sum(bits for bits in pair if bits is not None))
    means = {layer: sum(sums) / len(sums) for layer, sums in totals.items()}
    most, least = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    if means[most] == means[least]:
        return "Every layer has the same bits in the mean"
    return f"{most} keeps the most bits, {least} the fewest"


def sensitivity_title(method: str, anchor: str, rows: Sequence[Row]) -> str:
    """Which group costs the most, with all others at the anchor."""
    worst = min(rows, key=lambda row: value(row, "sqnr_db"))
    others = f" with all others at {anchor}" if anchor else ""
    of_method = f"{method}: " if method else ""
    return (f"{of_method}{text(worst, 'group')} at {text(worst, 'weights') or '–'}/"
            f"{text(worst, 'activations') or '–'} bits hurts most: "
            f"{value(worst, 'sqnr_db'):.1f} dB{others}")


def predicted_title(rows: Sequence[Row]) -> str:
    """How far predictions of the search are off."""
    off = [value(row, "predicted_db") - value(row, "sqnr_db") for row in rows]
    mean = sum(off) / len(off)
    way = "above" if mean > 0 else "below"
    return (f"Predictions are {abs(mean):.1f} dB {way} what was measured in the mean, "
            f"{max(off, key=abs):+.1f} dB at most")


def energy_title(rows: Sequence[Row]) -> str:
    """The least energy, and which part of it is the largest."""
    least = rows[0]
    parts = {part: number(least["energy_parts"], part) or 0 for part in least["energy_parts"]}
    largest = max(parts, key=parts.__getitem__)
    total = sum(parts.values())
    share = f", {parts[largest] / total:.0%} of it {largest}" if total else ""
    return f"{text(least, 'name')} takes {value(least, 'energy'):.2f} of W8A8's energy{share}"
