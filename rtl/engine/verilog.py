"""Verilog of the engine, with what people and programs have to know of it."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib.wiring import In

from vit2rtl.golden.engine.buffers import buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import header
from vit2rtl.golden.files import atomic
from vit2rtl.rtl.engine.encoder_engine import EncoderEngine, ports
from vit2rtl.rtl.engine.register_map import ADDRESS_WIDTH, register_map
from vit2rtl.rtl.packaging.register_map import Register
from vit2rtl.rtl.verilog import modules, tools
from vit2rtl.rtl.verilog.describe import table
from vit2rtl.rtl.verilog.interfaces import annotated

_STREAMS = {
    "s_axis_cmd": "the command stream",
    "s_axis_image": "codes of the image, in the order of the command stream's listing",
    "m_axis_logits": "four logits of 16 bits, two's complement, the first one lowest",
}
_SIGNALS = {"tvalid": "a beat is offered", "tready": "a beat is taken", "tlast": "the last beat"}
_ROLES = {
    "aclk": "clock of all ports",
    "aresetn": "synchronous reset, active low",
    "irq": "an image is done, or the engine has stopped",
}
_ACCESS = {"r": "r", "rw": "rw", "w1c": "r, write 1 to clear"}


def name(configuration: Configuration) -> str:
    """Of the top module."""
    return f"encoder_engine_{configuration.name.replace('-', '_')}"


def convert(configuration: Configuration) -> str:
    """The Verilog of an engine: the same text from the same configuration and tools, anywhere."""
    text, yosys = modules(name(configuration), EncoderEngine(configuration))
    lines = [
        f"{name(configuration)}: a vision transformer's encoder in integers.",
        "",
        "Parameters: " + ", ".join(f"{k}={v}" for k, v in asdict(configuration).items()
                                   if k != "name"),
        "",
        "Ports:",
    ]
    description = describe(configuration)
    longest = max(len(port["name"]) for port in description["ports"])
    for port in description["ports"]:
        width = f"[{port['width'] - 1}:0]" if port["width"] > 1 else ""
        lines.append(f"  {port['direction']:6} {port['name']:{longest}} {width:7} {port['role']}")
    comment = "".join(f"// {line}".rstrip() + "\n" for line in lines)
    return comment + tools(yosys) + "\n" + annotated(text)


def describe(configuration: Configuration) -> dict[str, Any]:
    """Ports, registers and buffers, as a dict that JSON can hold."""
    return {
        "name": name(configuration),
        "configuration": asdict(configuration),
        "header": f"{header(configuration):#018x}",
        "ports": [
            {"name": port, "direction": "input" if member.flow == In else "output",
             "width": Shape.cast(member.shape).width, "role": _role(port)}
            for port, member in ports().items()
        ],
        "address_width": ADDRESS_WIDTH,
        "registers": _described(register_map(configuration)),
        "buffers": {key: {"width": one.width, "depth": one.depth}
                    for key, one in buffers(configuration).items()},
    }


def _described(registers: Iterable[Register]) -> list[dict[str, Any]]:
    return [
        {"name": register.name, "offset": register.offset, "access": register.access,
         "reset": register.reset, "summary": register.summary,
         "fields": [{"name": bits.name, "lsb": bits.lsb, "width": bits.width,
                     "summary": bits.summary} for bits in register.bits]}
        for register in registers
    ]


def write(configuration: Configuration, out_dir: Path | str) -> list[Path]:
    """Write Verilog, file list and description of an engine; returns the paths, sorted.

    ``NAME.v``, ``NAME.f``, ``NAME.json`` and ``NAME.md``. Raises OSError if ``out_dir`` cannot be
    a folder.
    """
    out_dir, top = Path(out_dir), name(configuration)
    description = describe(configuration)
    files = {
        f"{top}.v": convert(configuration),
        f"{top}.f": f"{top}.v\n",
        f"{top}.json": json.dumps(description, indent=2) + "\n",
        f"{top}.md": markdown(description),
    }
    atomic.files(out_dir, {file: text.encode() for file, text in files.items()})
    return sorted(out_dir / file for file in files)


def markdown(description: dict[str, Any]) -> str:
    """The same for people."""
    return "\n".join([
        f"# {description['name']}", "", "A vision transformer's encoder in integers.", "",
        f"Command streams begin with `{description['header']}`.", "", "## Ports", "",
        *table(("port", "direction", "bits", "meaning"),
               [(f"`{port['name']}`", port["direction"], str(port["width"]), port["role"])
                for port in description["ports"]]),
        "", "## Registers", "",
        f"AXI4-Lite, 32 bits, {description['address_width']} address bits. An address without a "
        "register, and a write to one that is only read, answer SLVERR and change nothing.", "",
        *_register_table(description["registers"]),
        "", "## Buffers", "",
        *table(("buffer", "bits of a word", "words"),
               [(f"`{key}`", str(one["width"]), str(one["depth"]))
                for key, one in description["buffers"].items()]),
        "",
    ])


def register_table(registers: Iterable[Register]) -> list[str]:
    """Lines of a Markdown table."""
    return _register_table(_described(registers))


def _register_table(registers: list[dict[str, Any]]) -> list[str]:
    rows = []
    for register in registers:
        rows.append((f"{register['offset']:#04x}", f"**`{register['name']}`**", "",
                     _ACCESS[register["access"]], f"{register['reset']:#x}", register["summary"]))
        rows += [("", f"`{bits['name']}`", f"{bits['lsb'] + bits['width'] - 1}:{bits['lsb']}", "",
                  "", bits["summary"]) for bits in register["fields"]]
    return table(("offset", "register", "bits", "access", "reset", "meaning"), rows)


def _role(port: str) -> str:
    stream, _, signal = port.rpartition("_")
    if stream in _STREAMS:
        return _SIGNALS.get(signal, _STREAMS[stream])
    return _ROLES.get(port, "AXI4-Lite subordinate")
