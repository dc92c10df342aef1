"""The comment on top of a Verilog file: what a module computes, its timing, ports and lanes."""

from textwrap import wrap
from typing import Any

from vit2rtl.golden.units import Instance
from vit2rtl.rtl.verilog.describe import describe


def header(name: str, instance: Instance) -> str:
    """Of the bare module of an instance, or of its AXI4-Stream top, by the module's name."""
    description = describe(instance)
    parameters = ", ".join(f"{k}={v}" for k, v in description["parameters"].items())
    lines = [
        f"{name}: {description['summary'].replace('√', 'sqrt')}.",
        "",
        f"Parameters: {parameters}",
        f"Latency {description['latency_cycles']} cycles, one beat a cycle, any back pressure.",
        "Configuration inputs change only while no beat is inside.",
    ]
    if name == description["modules"]["axi4_stream"]:
        lines += ["", "Ports:"]
        longest = max(14, *(len(port["name"]) for port in description["ports"]))
        for port in description["ports"]:
            width = f"[{port['width'] - 1}:0]" if port["width"] > 1 else ""
            signed = ", two's complement" if port["signed"] else ""
            lines.append(
                f"  {port['direction']:6} {port['name']:{longest}} {width:9} {port['role']}{signed}"
            )
        payloads = list(description["lanes"])
    else:
        lines += [
            "",
            f"Streams {_joined([s.name for s in instance.streams])}: "
            "a beat moves where valid and ready are high at a rising edge of clk;",
            "rst is synchronous, active high. The most significant bit of each payload is last.",
        ]
        payloads = [f"{s.name}__payload" for s in instance.streams]
    for payload, packing in zip(payloads, description["lanes"].values(), strict=True):
        lines += lane_lines(payload, packing)
    return "".join(f"// {line}".rstrip() + "\n" for line in lines)


def _joined(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]])


def lane_lines(payload: str, packing: dict[str, Any]) -> list[str]:
    """Where the fields of a lane are, as lines of a header."""
    width = packing["lane_bits"]
    lines = ["", f"{payload}: {packing['lanes']} lanes of {width} bits, lane 0 lowest:"]
    for field in packing["fields"]:
        bits = f"[{width}*n + {field['lsb']} +: {field['width']}]"
        kind = "two's complement" if field["signed"] else "unsigned"
        lines.append(f"  {bits:22} {field['name']}, {kind}")
    lines += [f"  {line}" for line in wrap(packing.get("order", ""), 92)]
    return lines
