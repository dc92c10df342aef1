"""Tables of ``docs/explore-area.md``: columns by widths, lanes by digits, the model's errors."""

from dataclasses import dataclass

from vit2rtl.explore.area.columns import COUNTS, measured
from vit2rtl.explore.area.engine import area, lanes
from vit2rtl.rtl.synthesis import components
from vit2rtl.rtl.synthesis.cases import CASES

TITLES = {"ecp5": "COMB on ECP5", "xcup": "LUTs on UltraScale+"}


@dataclass(frozen=True)
class Comparison:
    """A count of a whole engine: synthesized, and by the model."""

    case: str
    device: str
    cells: str
    synthesized: int
    modelled: int

    @property
    def error(self) -> float:
        """Of the model, relative."""
        return self.modelled / self.synthesized - 1


def comparisons() -> list[Comparison]:
    """Every count of the engines :data:`~vit2rtl.rtl.synthesis.components.HELD`, as committed."""
    return [
        Comparison(case, row["device"], name, row["cells"][name], modelled)
        for row in components.committed() if row["source"] == "engine"
        for case in [row["parameters"]["case"]] if case in components.HELD
        for name, modelled in area(CASES[case], row["device"])["cells"].items()
    ]


def error_lines() -> list[str]:
    """The model beside synthesis of engines that it was not made from."""
    lines = ["| engine | device | cells | synthesized | model | error |",
             "|---|---|---|---:|---:|---:|"]
    for one in comparisons():
        error = f"{one.error:+.1%}" if one.error else "exact"
        lines.append(f"| `{one.case}` | {one.device} | {one.cells} | {one.synthesized:,} |"
                     f" {one.modelled:,} | {error} |")
    return lines


def column_lines(device: str) -> list[str]:
    """Logic of a multiply-accumulate of a column of 16, W down, A across."""
    name = COUNTS[device][0]
    lines = [f"| {TITLES[device]} | " + " | ".join(f"A{a}" for a in components.WIDTHS) + " |",
             "|---|" + "---:|" * len(components.WIDTHS)]
    for w in components.WIDTHS:
        cells = (measured(device)[components.ROWS, w, a][name] / components.ROWS
                 for a in components.WIDTHS)
        lines.append(f"| W{w} | " + " | ".join(f"{one:.1f}" for one in cells) + " |")
    return lines


def lane_lines(device: str) -> list[str]:
    """Lanes of digits: logic, and area × time where weights and codes have so many bits."""
    shown = (4, 5, 6, 8)
    lines = [f"| digits of | {TITLES[device]} | "
             + " | ".join(f"W{bits}/A{bits}" for bits in shown) + " |",
             "|---|---:|" + "---:|" * len(shown)]
    for lane in lanes(device):
        costs = " | ".join(f"{lane.cost[bits]:.2f} ({lane.passes[bits]})" for bits in shown)
        lines.append(f"| {lane.base} bits | {lane.cells:.1f} | {costs} |")
    return lines
