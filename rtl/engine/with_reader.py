"""The engine with a command reader in front of it: Verilog of the reader, and what joins the two.

The joint is text for people to read, and to copy into a top of their own.
"""

from amaranth.hdl import Shape
from amaranth.lib.wiring import In, Member

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.rtl.engine import command_reader, encoder_engine, verilog
from vit2rtl.rtl.verilog import modules, tools
from vit2rtl.rtl.verilog.interfaces import annotated

# Buses that join the two, and those of the reader that have another name outside.
JOINED = {"m_axis": "s_axis_cmd"}
OUTSIDE = {"s_axi": "s_axi_reader"}

_READER = """\
// {name}: AXI4 reads of a command stream for s_axis_cmd.
//
// 16 beats a burst, 8 bursts under way, 128 beats in its queue. No IDs: what it asks for comes in
// order.
"""

_TOP = """\
// {top}: an engine whose commands come out of a memory.
//
// s_axi_* are the engine's registers, s_axi_reader_* the command reader's, m_axi_* its memory.
// Nothing but wires: where something else sends commands, take {engine} alone.

module {top}({names});

{ports}

{wires}

  {engine} engine({engine_pins});

  {reader} command_reader({reader_pins});

endmodule
"""


def reader_name(configuration: Configuration) -> str:
    """Of the reader's module; it is the same for every engine."""
    return f"{verilog.name(configuration)}_command_reader"


def top_name(configuration: Configuration) -> str:
    return f"{verilog.name(configuration)}_with_reader"


def convert_reader(configuration: Configuration) -> str:
    """The Verilog of the reader."""
    name = reader_name(configuration)
    text, yosys = modules(name, command_reader.CommandReader())
    return _READER.format(name=name) + tools(yosys) + "\n" + annotated(text)


def ports() -> dict[str, Member]:
    """Of both together."""
    inner = (*JOINED, *JOINED.values())
    both = {**encoder_engine.ports(), **{
        _outside(name): member for name, member in command_reader.ports().items()}}
    return {name: member for name, member in both.items() if _bus(name) not in inner}


def convert_top(configuration: Configuration) -> str:
    """The Verilog of both together."""
    engine = encoder_engine.ports()
    joined = {name: member for name, member in engine.items() if _bus(name) in JOINED.values()}
    pins = {name: f"{JOINED[_bus(name)]}_{_signal(name)}" if _bus(name) in JOINED
            else _outside(name) for name in command_reader.ports()}
    return annotated(_TOP.format(
        top=top_name(configuration),
        engine=verilog.name(configuration),
        reader=reader_name(configuration),
        names=_wrapped(list(ports())),
        ports="\n".join(f"  {'input' if member.flow == In else 'output'} {_range(member)}{name};"
                        for name, member in ports().items()),
        wires="\n".join(f"  wire {_range(member)}{name};" for name, member in joined.items()),
        engine_pins=_wrapped([f".{name}({name})" for name in engine]),
        reader_pins=_wrapped([f".{name}({outer})" for name, outer in pins.items()]),
    ))


def _bus(name: str) -> str:
    return name.rpartition("_")[0]


def _signal(name: str) -> str:
    return name.rpartition("_")[2]


def _outside(name: str) -> str:
    """A port of the reader, by its name outside."""
    return f"{OUTSIDE[_bus(name)]}_{_signal(name)}" if _bus(name) in OUTSIDE else name


def _range(member: Member) -> str:
    width = Shape.cast(member.shape).width  # type: ignore[arg-type]
    return f"[{width - 1}:0] " if width > 1 else ""


def _wrapped(items: list[str]) -> str:
    """A list, one item a line."""
    return "\n    " + ",\n    ".join(items) + "\n  "
