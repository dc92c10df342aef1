"""Rows of the table for comparing: finding one, and a line of cells and clock for the page."""

from typing import Any

from vit2rtl.rtl.synthesis.references.reference import Rows
from vit2rtl.rtl.synthesis.table import Row

HEAD = "LUT4 | CCU2C | COMB | FF | MULT18 | EBR | MHz | LUTs on UltraScale+"
RULE = "---:|---:|---:|---:|---:|---:|---:|---:"


def find(rows: Rows, source: str, device: str = "ecp5", *, fabric: bool = False,
         **parameters: Any) -> Row:
    """The one-lane row with these parameters and the unit's defaults."""
    matches = [
        row for row in rows
        if (row["source"], row["device"], row["fabric"]) == (source, device, fabric)
        and row["parameters"].get("lanes", 1) == 1
        and row["parameters"].items() >= parameters.items()
    ]
    # Defaults make the shortest name.
    return min(matches, key=lambda row: len(row["instance"]))


def line(name: str, row: Row, rows: Rows) -> str:
    """A line of the page: a row on ECP5, and the LUTs of the same design on UltraScale+."""
    (xcup,) = [other for other in rows if other["device"] == "xcup" and
               (other["instance"], other["fabric"]) == (row["instance"], row["fabric"])]
    cells = row["cells"]
    numbers = [str(cells["LUT4"]), str(cells["CCU2C"]), f"**{cells['COMB']}**",
               *(str(cells[name]) for name in ("FF", "MULT18", "EBR")),
               f"{row['fmax_mhz']:.0f}", str(xcup["cells"]["LUT"])]
    return f"| {name} | " + " | ".join(numbers) + " |"
