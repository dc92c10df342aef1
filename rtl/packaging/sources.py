"""Verilog of a package: the unit, its AXI4-Stream top, and the top with AXI4-Lite registers."""

from typing import Any

from vit2rtl.golden.units import Instance
from vit2rtl.rtl import latency, verilog
from vit2rtl.rtl.packaging.axi_top import AxiTop
from vit2rtl.rtl.packaging.register_map import RegisterMap, Role
from vit2rtl.rtl.verilog.describe import packing
from vit2rtl.rtl.verilog.header import lane_lines
from vit2rtl.rtl.verilog.interfaces import annotated


def sources(instance: Instance, register_map: RegisterMap | None = None) -> dict[str, str]:
    """File name to text, leaves first. Without a register map there is no ``_axi`` top."""
    texts = verilog.convert(instance)
    if register_map is not None:
        texts[f"{top_name(register_map)}.v"] = _axi_top(register_map)
    return texts


def top_name(register_map: RegisterMap) -> str:
    return register_map.top


def axi_latency(register_map: RegisterMap) -> int:
    """Cycles of the ``_axi`` top from a beat taken to its result offered."""
    return latency(register_map.instance) + bool(register_map.table)


def axi_lanes(register_map: RegisterMap) -> dict[str, dict[str, Any]]:
    """Lanes of the ``_axi`` top's streams, as :mod:`~vit2rtl.rtl.verilog.describe` has them."""
    return {f"{s.axi}_tdata": packing(s) for s in register_map.streams}


def _axi_top(register_map: RegisterMap) -> str:
    instance = register_map.instance
    name = top_name(register_map)
    lines = [
        f"{name}: {instance.name} with AXI4-Stream data and AXI4-Lite registers.",
        "",
        f"Latency {axi_latency(register_map)} cycles, one beat a cycle, any back pressure.",
        "No beat is taken before CONTROL.enable is 1.",
    ]
    if register_map.table:
        names = " and ".join(field.name for field in register_map.table.fields)
        lines.append(f"Of each channel {names} come from tables of {register_map.table.rows} rows.")
    for stream in instance.tables:
        data = [r.name for r in register_map.registers
                if r.role is Role.ELEMENT and r.source == stream.name]
        lines.append(f"Table {stream.name} of {stream.entries} entries: written to "
                     f"{' and '.join(data)}.")
    for payload, layout in axi_lanes(register_map).items():
        lines += lane_lines(payload, layout)
    header = "".join(f"// {line}".rstrip() + "\n" for line in lines)
    text, yosys = verilog.modules(name, AxiTop(register_map, external=True))
    return header + verilog.tools(yosys) + "\n" + annotated(text)
