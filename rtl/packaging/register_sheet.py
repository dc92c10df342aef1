"""The part of a data sheet on the AXI4-Lite registers, and on the ports that reach them."""

from collections.abc import Iterator, Mapping
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib.wiring import In

from vit2rtl.golden.units import Stream
from vit2rtl.rtl.packaging.axi_lite import PATIENCE
from vit2rtl.rtl.packaging.axi_lite_bus import axi_lite_ports
from vit2rtl.rtl.packaging.register_map import WORD, Bits, RegisterMap, Role, Table
from vit2rtl.rtl.packaging.sources import axi_lanes, top_name
from vit2rtl.rtl.verilog.describe import lane_table, table

_AXI_LITE = {
    "addr": "byte address",
    "data": "of a register",
    "strb": "bytes of `s_axi_wdata` that are written",
    "resp": "0: OKAY, 2: SLVERR",
    "valid": "handshake",
    "ready": "handshake",
}


def axi_ports(register_map: RegisterMap, above: Mapping[str, Any]) -> Iterator[str]:
    """Ports of the ``_axi`` top; lanes only of the streams that differ from those ``above``."""
    yield f"\n## Ports of `{top_name(register_map)}`\n"
    streams = register_map.streams
    which = "both streams" if len(above) == 2 else f"the {len(streams)} streams of data"
    yield (
        f"`aclk`, `aresetn` and {which} as above, no configuration ports, and an AXI4-Lite "
        "subordinate\nwithout the optional `awprot` and `arprot`:\n"
    )
    rows = [
        (f"`{name}`", "input" if port.flow == In else "output", str(Shape.cast(port.shape).width),
         next(what for end, what in _AXI_LITE.items() if name.endswith(end)))
        for name, port in axi_lite_ports(register_map.address_width).items()
    ]
    yield from table(("port", "direction", "bits", "meaning"), rows)
    lanes = axi_lanes(register_map)
    other = {port: layout for port, layout in lanes.items() if layout != above[port]}
    yield from lane_table(other, f" of `{top_name(register_map)}`")


def registers(register_map: RegisterMap) -> Iterator[str]:
    name = top_name(register_map)
    access = {"r": "r", "rw": "rw", "idle": "rw, written while idle", "w": "w, while idle"}
    rows = []
    for register in register_map.registers:
        rows.append((f"{register.offset:#04x}", f"**`{register.name}`**", "",
                     access[register.access], f"{register.reset:#x}", register.summary))
        for bits in register.bits:
            rows.append(("", f"`{bits.name}`", _range(bits), "", "", bits.summary))
    yield f"\n## Registers of `{name}`\n"
    yield (
        f"AXI4-Lite, {WORD} bits, {register_map.address_width} address bits. *Idle*: "
        "`CONTROL.enable` and `STATUS.busy` are 0. A write to\nconfiguration or tables at any "
        "other time, a write to a read-only register and an address without a\nregister answer "
        "SLVERR and change nothing; such a read gives 0. Byte strobes select what a write\n"
        "changes. Reserved bits read as 0. The two lowest address bits are ignored. So a change "
        "of configuration\nnever meets a beat: clear `CONTROL.enable`, wait for `STATUS.busy` = 0, "
        "write, set `CONTROL.enable`.\nMeanwhile `s_axis_tready` is low. After reset the stream is "
        "stopped and all configuration is 0.\n"
    )
    yield from table(("offset", "register", "bits", "access", "reset", "meaning"), rows)
    if register_map.table:
        yield from _channels(register_map.table)
    for stream in register_map.instance.tables:
        yield from _loaded(register_map, stream)


def _channels(held: Table) -> Iterator[str]:
    names = " and ".join(f"`{field.name}`" for field in held.fields)
    yield (
        f"\n### Channel tables\n\n{names} of channel c do not travel in the stream of this top "
        f"but lie at offset\n`{held.offset:#x} + {held.row_stride:#x} * (c / {held.lanes}) + "
        f"{held.lane_stride:#x} * (c % {held.lanes})`, in {held.rows} rows of {held.lanes} "
        "lanes:\n"
    )
    rows = [
        (f"+{number * WORD // 8:#x}", f"`{bits.name}`", _range(bits), bits.summary)
        for number, word in enumerate(held.words)
        for bits in word
    ]
    yield from table(("word", "field", "bits", "meaning"), rows)
    yield (
        "\nThe first beat after enabling uses row 0, the next one row 1. Row 0 comes again after "
        "a beat with `tlast`,\nafter `ROW_BEATS` beats where that is not 0, and after the last "
        "row. A token of C channels takes\n`ceil(C / lanes)` beats and begins with a beat of its "
        "own; elements above C in its last beat are not used.\nTables hold zeros at power-up and "
        "keep their contents in reset."
    )


def _loaded(register_map: RegisterMap, stream: Stream) -> Iterator[str]:
    mine = [r for r in register_map.registers if r.source == stream.name]
    data = [r.name for r in mine if r.role is Role.ELEMENT]
    (count,) = (r.name for r in mine if r.role is Role.COUNT)
    words = f"`{data[-1]}`" if len(data) == 1 else (
        f"{', '.join(f'`{name}`' for name in data)}, of which the write to the last one sends it")
    yield (
        f"\n### Table `{stream.name}`\n\n{stream.entries} entries, sent in order while the unit is "
        f"idle: each is written to {words};\n`{count}.complete` is 1 when all are there. The next "
        "write begins the table anew, and so does reset:\nall entries are to be written again. "
        "Until a beat of them is taken, `STATUS.busy` is 1,\nno data are taken and further writes "
        f"wait, for {PATIENCE} cycles at most: an element is then refused with SLVERR."
    )


def _range(bits: Bits) -> str:
    high = bits.lsb + bits.width - 1
    return f"{high}:{bits.lsb}" if bits.width > 1 else str(bits.lsb)
