"""The committed table of parts and columns: which rows there are, and the rows themselves.

Cells only, of modules alone on ECP5 and UltraScale+. ``vit2rtl synthesize components`` measures it.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from vit2rtl.rtl.synthesis.table import Row

NAME = "components.json"
# Synthesis is repeatable: what differs by more comes from other Verilog or another yosys.
TOLERANCE = 0.02
WIDTHS = range(2, 9)
# Inputs of a column that all widths are measured at, and of those with as many bits on both sides.
ROWS, NARROW_ROWS = 16, 8
DEVICES = ("ecp5", "xcup")
COLUMN = "native_column"
CONSTANT = ("counters", "watchdog", "faults")
# Parts of the engine: what each of them is measured at, on ECP5 and on UltraScale+.
_PARTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "load": (("small", "deit_tiny"), ("small",)),
    "matmul": (("small", "small_luts", "small_base8", "small_packed", "deit_tiny_packed"),
               ("small",)),
    "epilogue": (("small", "small_wide", "deit_tiny"), ("small",)),
    "layernorm": (("small", "small_wide", "small_narrow", "deit_tiny"), ("small",)),
    "softmax": (("small", "small_wide", "small_narrow", "deit_tiny"), ("small",)),
    "attention": (("small", "small_wide", "deit_tiny", *(f"small_a{bits}" for bits in WIDTHS)),
                  ("small", "small_a8")),
    "buffers": (("small", "small_deep"), ("small",)),
    "front_end": (("small", "deit_tiny"), ("small",)),
    "registers": (("small",), ("small",)),
    # Whole engines: those that the model was made from, then those that it has to meet.
    "engine": (("small", "held_twelve", "held_six"), ("held_twelve",)),
}
HELD = ("held_twelve", "held_six")


def committed() -> list[Row]:
    """The rows of the table, in its order."""
    text = (files(__package__) / NAME).read_text(encoding="utf-8")
    return json.loads(text)["measurements"]


def whole() -> list[Row]:
    """The same, of a table that has every row; a ValueError names the first that is missing."""
    rows = committed()
    kept = [(row["source"], row["parameters"], row["device"]) for row in rows]
    missing = next((key for key in keys() if key not in kept), None)
    if missing:
        source, parameters, device = missing
        named = " ".join([source, *(f"{name} {value}" for name, value in parameters.items())])
        raise ValueError(f"Table {NAME} has no row of {named} on {device}: install vit2rtl again, "
                         "or measure it by vit2rtl synthesize components")
    return rows


def sources() -> list[str]:
    """Names of parts and of the column."""
    return [COLUMN, *CONSTANT, *_PARTS]


def keys() -> Iterator[tuple[str, dict[str, Any], str]]:
    """(source, parameters, device) of every row, in the table's order."""
    for n, device in enumerate(DEVICES):
        pairs = [(ROWS, w, a) for w in WIDTHS for a in WIDTHS]
        pairs += [(NARROW_ROWS, w, w) for w in WIDTHS]
        for rows, w, a in pairs:
            yield COLUMN, {"rows": rows, "weights": w, "activations": a}, device
        for name in CONSTANT:
            yield name, {}, device
        for name, cases in _PARTS.items():
            for case in cases[n]:
                yield name, {"case": case}, device
