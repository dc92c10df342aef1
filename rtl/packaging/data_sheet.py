"""The data sheet of a unit: README.md of its package."""

import inspect
import re

from amaranth.hdl import Shape
from amaranth.lib.wiring import In

from vit2rtl.golden.units import directed_records
from vit2rtl.rtl import COMPONENTS
from vit2rtl.rtl.packaging.axi_lite import axi_lite_ports
from vit2rtl.rtl.packaging.register_map import WORD
from vit2rtl.rtl.packaging.sources import axi_lanes, axi_latency, top_name
from vit2rtl.rtl.verilog.describe import describe, lane_table, port_table, table

_START = """\
## Start

```text
iverilog -g2012 -s {name}_replay -o {name}.vvp vectors/{name}/replay.sv -c {name}.f
vvp -n {name}.vvp +bundle=vectors
verilator --lint-only -Wall lint/{name}.vlt -F {name}.f --top-module {top}
yosys -p 'read_verilog {verilog}; synth_ecp5 -top {top}'
fusesoc --cores-root . run --target=sim vit2rtl:ip:{name}
fusesoc --cores-root . run --target=lint vit2rtl:ip:{name}
vivado -mode batch -source vivado/synthesize.tcl
vivado -mode batch -source vivado/package_ip.tcl
quartus_sh -t quartus/project.tcl
sha256sum -c SHA256SUMS
```

| path | what it is |
|---|---|
{paths}
"""

_AXI_LITE = {
    "addr": "byte address",
    "data": "of a register",
    "strb": "bytes of `s_axi_wdata` that are written",
    "resp": "0: OKAY, 2: SLVERR",
    "valid": "handshake",
    "ready": "handshake",
}


def data_sheet(instance, register_map, shown, files, *, area, claims):
    """Markdown text.

    register_map  None where the package has no ``_axi`` top
    shown         :class:`~vit2rtl.rtl.packaging.example.Example`
    files         path to what is there, in the order of the table
    area          rows of :func:`vit2rtl.rtl.synthesis.table.measured`
    claims        list of ``vit2rtl.sim.formal.claims.Claim``
    """
    description = describe(instance)
    top = top_name(register_map) if register_map else f"{instance.name}_axis"
    verilog = " ".join(path for path in files if path.startswith("rtl/"))
    paths = "\n".join(f"| `{path}` | {what} |" for path, what in files.items())
    parameters = [(f"`{key}`", f"`{value}`", instance.unit.parameters[key].description)
                  for key, value in instance.parameters.items()]
    parts = [
        f"# {instance.name}\n\n{description['summary'][0].upper()}{description['summary'][1:]}.\n",
        _START.format(name=instance.name, top=top, verilog=verilog, paths=paths),
        "## What it computes\n",
        _prose(COMPONENTS[instance.unit.name]),
        "## Parameters\n",
        *table(("parameter", "value", "meaning"), parameters),
        _timing(instance, register_map, description),
        f"## Ports of `{description['modules']['axi4_stream']}`\n",
        *port_table(description),
        *lane_table(description["lanes"], f" of `{description['modules']['axi4_stream']}`"),
    ]
    if register_map:
        parts += [*_axi_ports(register_map, description["lanes"]), *_registers(register_map)]
    parts += [*_beat(instance, shown, description), *_diagram(instance, shown, description)]
    parts += [*_area(instance, area), *_claims(instance, claims, register_map)]
    parts += _vectors(instance)
    return "\n".join(parts) + "\n"


def _prose(component):
    """What the component's docstring says before latency and parameters, roles as code spans."""
    text = inspect.getdoc(component).partition("\n\nParameters\n")[0]
    kept = [part for part in text.split("\n\n") if not part.startswith("Latency ")]
    text = re.sub(r":\w+:`~?([\w.]+)`", r"`\1`", "\n\n".join(kept))
    return text.replace("``", "`") + "\n"


def _timing(instance, register_map, description):
    component = COMPONENTS[instance.unit.name]
    cycles = description["latency_cycles"]
    formula = component.latency_formula()
    spelled = "" if formula == str(cycles) else f" = `{formula}`"
    rows = [
        ("latency of the `_axis` top", f"{_cycles(cycles)}{spelled}"),
        ("throughput", "one beat a cycle"),
    ]
    if register_map:
        more = ", one more than the `_axis` top: the tables" if register_map.table else ""
        rows.insert(1, ("latency of the `_axi` top", f"{_cycles(axi_latency(register_map))}{more}"))
    return "\n".join(
        [
            "\n## Timing\n",
            *table(("", ""), rows),
            "",
            "Latency: from the cycle in which a beat is taken to the first in which its result is "
            "offered, without\nback pressure. A stalled output stalls the input and loses nothing; "
            "`s_axis_tready` depends on\n`m_axis_tready` within the cycle. `tlast` travels with "
            "its beat. All ports are synchronous to `aclk`;\n`aresetn` is synchronous, active low, "
            "and one clock edge of it empties the unit.\n",
        ]
    )


def _cycles(count):
    return "1 cycle" if count == 1 else f"{count} cycles"


def _axi_ports(register_map, above):
    """Ports of the ``_axi`` top; lanes only of the streams that differ from those ``above``."""
    yield f"\n## Ports of `{top_name(register_map)}`\n"
    yield (
        "`aclk`, `aresetn` and both streams as above, no configuration ports, and an AXI4-Lite "
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


def _registers(register_map):
    name = top_name(register_map)
    access = {"r": "r", "rw": "rw", "idle": "rw, written while idle"}
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
        yield from _channels(register_map)


def _channels(register_map):
    held = register_map.table
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


def _range(bits):
    high = bits.lsb + bits.width - 1
    return f"{high}:{bits.lsb}" if bits.width > 1 else str(bits.lsb)


def _beat(instance, shown, description):
    yield "\n## One beat by hand\n"
    configuration = ", ".join(f"`{k}` = {v}" for k, v in shown.configuration.items())
    yield f"From record `{shown.record}`" + (f", {configuration}" if configuration else "") + ".\n"
    for port, fields, beat in (
        ("s_axis_tdata", instance.inputs, shown.stimulus[0]),
        ("m_axis_tdata", instance.outputs, shown.expected[0]),
    ):
        rows, position = [], 0
        for lane in range(instance.lanes):
            for field in fields:
                value = shown.values[field.name][lane]
                pattern = value % (1 << field.width)
                rows.append((str(lane), f"`{field.name}`", str(value),
                             f"{pattern:#x} << {position}"))
                position += field.width
        yield from table(("lane", "field", "value", "contributes"), rows)
        digits = _digits(description["lanes"][port])
        yield f"\nThe sum of the last column: `{port}` = `{beat:0{digits}x}`.\n"


def _digits(layout):
    """Hex digits of TDATA."""
    return (layout["lane_bits"] * layout["lanes"] + layout["padding_bits"]) // 4


def _diagram(instance, shown, description):
    yield (
        "## Timing diagram\n\n![Simulated cycles](doc/timing.svg)\n\n"
        f"Simulated: `{instance.name}_axis` on four beats of record `{shown.record}`, with "
        "back pressure while the second\nresult is on offer. `doc/timing.json` is its WaveJSON.\n"
    )
    digits = [_digits(description["lanes"][port]) for port in ("s_axis_tdata", "m_axis_tdata")]
    rows = [
        (str(n), f"`{i:0{digits[0]}x}`", f"`{o:0{digits[1]}x}`")
        for n, (i, o) in enumerate(zip(shown.stimulus, shown.expected, strict=True))
    ]
    yield from table(("beat", "`s_axis_tdata`", "`m_axis_tdata`"), rows)


def _command(name, instance):
    """``vit2rtl NAME`` with the options that make this instance."""
    options = [
        f"--{key.replace('_', '-')} {value}" for key, value in instance.parameters.items()
        if key == "lanes" or value != instance.unit.parameters[key].default
    ]
    return f"`vit2rtl {' '.join([name, instance.unit.name, *options])}`"


def _area(instance, rows):
    yield "\n## Area and speed\n"
    measure = _command("synthesize", instance)
    if not rows:
        yield f"Not measured; {measure} does."
        return
    known = instance.name in {row["instance"] for row in rows}
    which = "is one of the rows" if known else "is not among the rows, which are of its unit"
    tools = dict.fromkeys(tool for row in rows for tool in row["tools"].split(", "))
    yield (
        "Cells of the bare unit alone; clocks between registers at every port, the median of "
        "several seeds;\nXilinx cells (xc7, xcup) are from before placement. Tools: "
        + ", ".join(tools) + f".\n`{instance.name}` {which}; {measure} measures it.\n"
    )
    shown = []
    for row in rows:
        cells = ", ".join(f"{count} {name}" for name, count in row["cells"].items() if count)
        fmax = "" if row["fmax_mhz"] is None else f"{row['fmax_mhz']:.0f}"
        shown.append((f"`{row['instance']}`", row["device"], cells, fmax, row["date"]))
    yield from table(("instance", "device", "cells", "MHz", "measured"), shown)


def _claims(instance, claims, registers):
    yield "\n## What is proved\n"
    if not claims:
        yield "Nothing is claimed."
        return
    yield (
        f"Of the unit `{instance.unit.name}`, for the parameters and lanes that the scope names; "
        f"no proof ran\nwhen this folder was written. {_command('prove', instance)} proves this "
        "instance.\n"
    )
    rows = [(c.property, c.status, c.scope, c.method) for c in claims]
    yield from table(("property", "status", "scope", "method"), rows)
    if registers:
        yield (
            "\nRegisters and tables of the `_axi` top are not proved but simulated, with "
            "cocotbext-axi."
        )


def _vectors(instance):
    yield (
        "\n## Vectors\n\n`vectors/` holds directed golden vectors and a self-checking bench; its "
        "README.md has the layout.\nWhere that says `VERILOG=../verilog`, in this folder it is "
        "`VERILOG=../rtl`.\n"
    )
    rows = []
    for record in directed_records(instance):
        notes = [note.get("description") for note in record["notes"].values()]
        rows.append((f"`{record['record']}`", next((note for note in notes if note), "")))
    yield from table(("record", "what it meets"), rows)
