"""What an engine takes of a device: cells by name, and by part, without synthesis."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from vit2rtl.explore.area.columns import COUNTS, column
from vit2rtl.explore.area.composition import cells_of_parts, digit_columns, multipliers
from vit2rtl.explore.area.memories import blocks, memories
from vit2rtl.explore.area.parts import PARTS, family
from vit2rtl.golden.engine.configuration import BASES, DIGITS, Configuration

MACS = ("digit", "native")
MODEL = ("parts of the engine synthesized alone and summed, columns from a table of all widths;"
         " memories and multipliers exact; docs/explore-area.md has its errors")
# Names of a device's multiplier and memory blocks.
_BLOCKS = {"ecp5": ("MULT18", "EBR"), "xcup": ("DSP48", "RAMB18")}


def area(
    configuration: Configuration, device: str, mac: str = "digit", weights: int = 4,
    activations: int = 4,
) -> dict[str, Any]:
    """Cells of the whole engine, flattened, before placement.

    device       a part of :data:`~.parts.PARTS`, or ``ecp5`` or ``xcup``
    mac          ``digit``: the engine as it is generated, whatever the widths of codes; ``native``:
                 what it would take if the array's columns, all in look-up tables, multiplied W × A
                 bits at once. Nothing else in the engine is generated for that: a what-if
    weights, activations  W and A of ``native``
    returns      ``{"cells": {name: count}, "parts": {part: cells}, "source": "table" or "fit",
                 "error": relative error of a fitted column's logic or None, "fits": {part of the
                 family: whether all of it goes in}}``. Names are those of the device's counts:
                 COMB, FF, MULT18, EBR or LUT, FF, DSP48, RAMB18. Blocks are exact
    raises       ValueError for an unknown device or ``mac``, or widths below 1
    """
    if mac not in MACS:
        raise ValueError(f"MAC must be one of {', '.join(MACS)}, not {mac!r}")
    kind = family(device)
    if mac == "native":
        configuration = replace(configuration, packed_columns=0)
        one = column(configuration.rows, weights, activations, kind)
    else:
        one = digit_columns(configuration, kind)
    packed = configuration.packed_columns
    tables = configuration.columns - packed
    parts = cells_of_parts(
        configuration, kind, {name: tables * one.cells[name] for name in COUNTS[kind]})
    multiplier, memory = _BLOCKS[kind]
    counts: dict[str, dict[str, int]] = {
        part: {name: round(value) for name, value in cells.items()} | {multiplier: 0, memory: 0}
        for part, cells in parts.items()}
    for part, number in multipliers(configuration, packed).items():
        counts[part][multiplier] = number
    for stored in memories(configuration):
        counts[stored.name.partition(".")[0]][memory] += blocks(stored, kind)
    cells = {name: sum(part[name] for part in counts.values()) for name in
             (*COUNTS[kind], multiplier, memory)}
    fitted = one.source == "fit" and tables > 0
    return {
        "cells": cells, "parts": counts, "source": "fit" if fitted else "table",
        "error": one.error if fitted else None,
        "fits": {name: part.holds(cells) for name, part in PARTS.items() if part.family == kind},
    }


def paid_bits(bits: int, base: int) -> int:
    """Bits that an array of digits multiplies for a code or a weight of so many.

    On digits of 4 bits, 5, 6 and 7 bits cost what 8 cost: two digits, in cycles and in buffers.
    Only the weights of the command stream are as many as there are.
    """
    if not 1 <= bits <= base * DIGITS:
        raise ValueError(f"Bits must be between 1 and {base * DIGITS}, not {bits!r}")
    return base * -(-bits // base)


@dataclass(frozen=True)
class Lane:
    """A multiply-accumulate of an array of digits, and what it gives.

    base     bits of a digit
    cells    logic of a lane, COMB or LUT
    passes   ``{bits: passes over the array}`` where weights and codes have so many bits
    cost     ``{bits: cells × passes}``, as a ratio to 4 bits on digits of 4
    """

    base: int
    cells: float
    passes: dict[int, int]
    cost: dict[int, float]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def lanes(device: str, rows: int = 16) -> list[Lane]:
    """Lanes of digits of 4, 5, 6 and 8 bits, for codes and weights of 2 to 8: area × time.

    device   a part of :data:`~.parts.PARTS`, or ``ecp5`` or ``xcup``
    rows     of the array
    """
    kind = family(device)
    cells = {base: column(rows, base, base, kind).cells[COUNTS[kind][0]] / rows for base in BASES}
    found = []
    for base in BASES:
        passes = {bits: (paid_bits(bits, base) // base) ** 2 for bits in range(2, 9)}
        cost = {bits: cells[base] * count / cells[BASES[0]] for bits, count in passes.items()}
        found.append(Lane(base, cells[base], passes, cost))
    return found


def digit_note(device: str) -> str:
    """What widths cost on an array of digits, and what wider digits would give: two sentences."""
    narrow, *wider = lanes(device)
    same = [bits for bits, count in narrow.passes.items() if count == narrow.passes[8]]
    *others, most = map(str, same)
    gains = "; ".join(
        f"of {lane.base} bits, {lane.cells / narrow.cells:.2f} × the logic a lane and "
        f"{lane.cost[lane.base] / narrow.cost[lane.base]:.2f} × the area × time at "
        f"W{lane.base}/A{lane.base}" for lane in wider)
    return (f"On an array of digits of {narrow.base} bits, {', '.join(others)} bits cost what "
            f"{most} cost, in cycles, buffers and area. Wider digits would take and give: {gains}.")
