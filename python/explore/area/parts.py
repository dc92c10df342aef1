"""Parts that engines may go into, with what they hold."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """An FPGA: ``family`` is the flow's device, ``capacity`` its cells by the names of its counts.

    Capacities are those of the makers' tables (Lattice FPGA-DS-02012; AMD DS890, DS891, DS987).
    Blocks of 18 kbit: a block of 36 is two; UltraRAM is not counted, as nothing is put there.
    """

    family: str
    capacity: Mapping[str, int]

    def holds(self, cells: Mapping[str, int]) -> bool:
        """Whether counts by the same names are within its capacity."""
        return all(cells[name] <= most for name, most in self.capacity.items())


def _ecp5(luts: int, multipliers: int, blocks: int) -> Part:
    return Part("ecp5", {"COMB": luts, "FF": luts, "MULT18": multipliers, "EBR": blocks})


def _ultrascale(luts: int, multipliers: int, blocks: int) -> Part:
    return Part("xcup", {"LUT": luts, "FF": 2 * luts, "DSP48": multipliers, "RAMB18": blocks})


PARTS = {
    "LFE5U-25F": _ecp5(24_288, 28, 56),
    "LFE5U-45F": _ecp5(43_848, 72, 108),
    "LFE5U-85F": _ecp5(83_640, 156, 208),
    "XCZU2EG": _ultrascale(47_232, 240, 300),
    "XCZU3EG": _ultrascale(70_560, 360, 432),
    "XCK26": _ultrascale(117_120, 1_248, 288),
    "XCZU7EV": _ultrascale(230_400, 1_728, 624),
    "XCZU9EG": _ultrascale(274_080, 2_520, 1_824),
}


def family(device: str) -> str:
    """The flow's device of a part, or of a device.

    raises  ValueError for any other name
    """
    if device in PARTS:
        return PARTS[device].family
    families = {part.family for part in PARTS.values()}
    if device not in families:
        known = ", ".join([*PARTS, *sorted(families)])
        raise ValueError(f"Device must be one of {known}, not {device!r}")
    return device
