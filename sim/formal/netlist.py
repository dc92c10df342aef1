"""What an induction has to know of the Verilog: which pipeline stage each register belongs to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vit2rtl.golden.units.instance import Instance
from vit2rtl.rtl.verilog import yosys

# Bits of both operands, and of the result, each (net, index).
# A bit of a net: its number, or a constant.
Bit = int | str
MultiplierBits = tuple[list[tuple[str, int]], list[tuple[str, int]]]

_SCRIPT = """
read_verilog {name}.v
hierarchy -top {name}
proc
flatten
opt_clean
setattr -unset init w:*
autoname
write_rtlil unit.il
write_json netlist.json
"""


def flatten(instance: Instance, verilog: Mapping[str, str], folder: Path) -> None:
    """``unit.il`` and ``netlist.json``: the bare unit's Verilog as one module, names kept."""
    files = {f"{instance.name}.v": verilog[f"{instance.name}.v"]}
    yosys.run(_SCRIPT.format(name=instance.name), folder, files=files)


@dataclass(frozen=True)
class Structure:
    """Names within a unit: valid registers by stage, all others, and its multipliers.

    registers    register -> (stage, width)
    widths       net -> bits
    multipliers  (bits of both operands, bits of the result)
    unclear      why there are no stages, and so no invariants; else empty
    """

    valid: list[str]
    registers: dict[str, tuple[int, int]]
    widths: dict[str, int]
    multipliers: list[MultiplierBits]
    unclear: str = ""


def structure(instance: Instance, depth: int, folder: Path) -> Structure:
    """Read a unit's structure from ``netlist.json``, and not from its names.

    A register belongs to stage n if ``enable[n]`` of the unit's control decides on its next value.
    Nothing is trusted to this: it says which invariants to prove, and a wrong one is not provable.
    """
    netlist = json.loads((folder / "netlist.json").read_text(encoding="utf-8"))
    module = netlist["modules"][instance.name]
    nets, cells = module["netnames"], module["cells"].values()
    widths = {net: len(d["bits"]) for net, d in nets.items()}
    multipliers = [
        _multiplier(cell["connections"], nets) for cell in cells if cell["type"] == "$mul"
    ]
    try:
        valid, registers = _stages(module, depth)
        return Structure(valid, registers, widths, multipliers)
    except ValueError as unclear:
        return Structure([], {}, widths, multipliers, str(unclear))


def _stages(module, depth):
    nets = module["netnames"]
    if "control.enable" not in nets:
        raise ValueError("no control with enables that say which stage a register belongs to")
    enables = {bit: n for n, bit in enumerate(nets["control.enable"]["bits"])}
    registers, drivers = _connections(module["cells"].values())
    cones = {q: _cone(d, drivers, enables) for q, d in registers.items()}
    stage = {q: _only(q, cone, enables, nets) for q, cone in cones.items()}
    valid, before = [], module["ports"]["i__valid"]["bits"][0]
    for n in range(depth):
        heirs = [q for q in cones if stage[q] == n and before in cones[q] and q != before]
        if len(heirs) != 1:
            raise ValueError(f"stage {n} must have one valid register, not {len(heirs)}")
        before = heirs[0]
        valid.append(before)
    names = _names(nets, stage)
    valid = [next(net for net in names if nets[net]["bits"] == [bit]) for bit in valid]
    others = {net: (n, len(nets[net]["bits"])) for net, n in names.items() if net not in valid}
    return valid, others


def _multiplier(connections, nets):
    names = {
        bit: (net, index)
        for net, d in nets.items()
        if not d.get("hide_name")
        for index, bit in enumerate(d["bits"])
    }
    operands = [names[bit] for port in "AB" for bit in connections[port] if bit in names]
    return operands, [names[bit] for bit in connections["Y"]]


def _connections(cells):
    """Next-value bit of each register bit, and the input bits of the cell that drives a bit."""
    registers: dict[Bit, Bit] = {}
    drivers: dict[Bit, list[Bit]] = {}
    for cell in cells:
        bits: dict[str, list[Bit]] = {"input": [], "output": []}
        for port, connected in cell["connections"].items():
            bits[cell["port_directions"][port]] += connected
        if cell["type"] == "$dff":
            registers |= zip(cell["connections"]["Q"], cell["connections"]["D"], strict=True)
        else:
            drivers |= dict.fromkeys(bits["output"], bits["input"])
    return registers, drivers


def _cone(bit, drivers, ends):
    """Everything that a bit depends on within the cycle; enables are not followed further."""
    seen, pending = set(), [bit]
    while pending:
        bit = pending.pop()
        if bit not in seen:
            seen.add(bit)
            pending += () if bit in ends else drivers.get(bit, ())
    return seen


def _only(register, cone, enables, nets):
    stages = {enables[bit] for bit in cone if bit in enables}
    if len(stages) != 1:
        net = next(net for net, d in nets.items() if register in d["bits"])
        raise ValueError(f"register {net} must have one enable, not {len(stages)}")
    return stages.pop()


def _names(nets, stage):
    """A cover of all register bits by nets whose bits are registers of a single stage."""
    whole = {
        net: set(d["bits"])
        for net, d in nets.items()
        if not d.get("hide_name")
        and len({stage.get(bit) for bit in d["bits"]} | {None}) == 2
        and all(bit in stage for bit in d["bits"])
    }
    names: dict[str, int] = {}
    covered: set[Bit] = set()
    for net in sorted(whole, key=lambda net: (-len(whole[net]), net.count("."), net)):
        if whole[net] - covered:
            names[net] = stage[nets[net]["bits"][0]]
            covered |= whole[net]
    missing = set(stage) - covered
    if missing:
        raise ValueError(f"{len(missing)} register bits have no name of their own")
    return names
