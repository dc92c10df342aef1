"""The devices that designs are synthesized for: yosys' command, what is counted, how to place."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Device:
    """A device of the flow.

    ``cells`` names what is counted: a sum of cell types (patterns) with weights. ``free`` are the
    types that cost nothing of their own. ``blocks`` are the options that use multiplier blocks and
    block RAM, ``fabric`` those that leave them out. ``placer`` is nextpnr's name, empty where
    nothing is placed.
    """

    name: str
    title: str
    synthesis: str
    blocks: str
    fabric: str
    cells: Mapping[str, Mapping[str, int]]
    free: tuple[str, ...] = ()
    placer: str = ""
    placer_options: tuple[str, ...] = ()

    def command(self, fabric: bool = False) -> str:
        """Yosys' command, without blocks where only fabric is wanted."""
        return f"{self.synthesis} {self.fabric if fabric else self.blocks}".rstrip()

    def count(self, types: Mapping[str, int]) -> dict[str, int]:
        """``{name: number}`` from yosys' numbers of cells by type.

        raises  ValueError for a type that no count knows: nothing is left out silently
        """
        counted = dict.fromkeys(self.cells, 0)
        for kind, number in types.items():
            known = kind.startswith("$scopeinfo") or kind in self.free
            for name, weights in self.cells.items():
                for pattern, weight in weights.items():
                    if fnmatchcase(kind, pattern):
                        counted[name] += weight * number
                        known = True
            if not known:
                raise ValueError(f"Cell type {kind} is not among those counted for {self.name}")
        return counted


_ECP5 = Device(
    name="ecp5",
    title="Lattice ECP5 LFE5U-85F, speed grade 6",
    synthesis="synth_ecp5",
    blocks="",
    fabric="-nodsp -nobram",
    cells={
        "LUT4": {"LUT4": 1},
        "CCU2C": {"CCU2C": 1},
        "COMB": {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6},
        "FF": {"TRELLIS_FF": 1},
        "MULT18": {"MULT18X18D": 1},
        "EBR": {"DP16KD": 1, "PDPW16KD": 1},
    },
    free=("PFUMX", "L6MUX21"),
    placer="ecp5",
    placer_options=(
        *("--85k", "--package", "CABGA756", "--speed", "6"),
        *("--freq", "250", "--timing-allow-fail", "--lpf-allow-unconstrained"),
    ),
)

_ICE40 = Device(
    name="ice40",
    title="Lattice iCE40 UP5K",
    synthesis="synth_ice40 -device u",
    blocks="-dsp",
    fabric="-nobram",
    cells={
        "LUT4": {"SB_LUT4": 1},
        "CARRY": {"SB_CARRY": 1},
        "FF": {"SB_DFF*": 1},
        "MAC16": {"SB_MAC16": 1},
        "EBR": {"SB_RAM40_4K*": 1},
    },
    placer="ice40",
    placer_options=(
        *("--up5k", "--package", "sg48", "--freq", "50"),
        *("--timing-allow-fail", "--pcf-allow-unconstrained"),
    ),
)


def _xilinx(name: str, title: str) -> Device:
    return Device(
        name=name,
        title=title,
        synthesis=f"synth_xilinx -family {name} -flatten -noiopad -noclkbuf",
        blocks="",
        fabric="-nodsp -nobram",
        cells={
            # A memory in LUTs, with all its ports, takes those of a slice: eight, or four.
            "LUT": {"LUT[1-6]": 1, "INV": 1, "SRL*": 1, "RAM32M16": 8, "RAM64M8": 8,
                    "RAM32M": 4, "RAM64M": 4},
            "CARRY4": {"CARRY4": 1},
            "FF": {"FD[RSCP]E": 1},
            "DSP48": {"DSP48E*": 1},
            "RAMB18": {"RAMB18*": 1, "RAMB36*": 2},
        },
        free=("MUXF7", "MUXF8", "MUXF9"),
    )


DEVICES = {
    device.name: device
    for device in (
        _ECP5,
        _ICE40,
        _xilinx("xcup", "AMD UltraScale+"),
        _xilinx("xc7", "AMD 7 series"),
    )
}
