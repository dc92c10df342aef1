"""The data sheet of a unit: README.md of its package."""

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.rtl import COMPONENTS
from vit2rtl.rtl.packaging.example import Example
from vit2rtl.rtl.packaging.register_map import RegisterMap
from vit2rtl.rtl.packaging.register_sheet import axi_ports, registers
from vit2rtl.rtl.packaging.sources import axi_latency, top_name
from vit2rtl.rtl.packaging.worked_example import by_hand, diagram
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

class Claim(Protocol):
    """What is proved, as :class:`vit2rtl.sim.formal.claims.Claim` has it."""

    @property
    def status(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def property(self) -> str: ...


Area = Sequence[Mapping[str, Any]]


def data_sheet(
    instance: Instance, register_map: RegisterMap | None, shown: Example,
    files: Mapping[str, str], *, area: Area, claims: Sequence[Claim],
) -> str:
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
        parts += [*axi_ports(register_map, description["lanes"]), *registers(register_map)]
    parts += [*by_hand(instance, shown), *diagram(instance, shown)]
    parts += [*_area(instance, area), *_claims(instance, claims, register_map)]
    parts += _vectors(instance)
    return "\n".join(parts) + "\n"


def _prose(component: type) -> str:
    """What the component's docstring says before latency and parameters, roles as code spans."""
    text = (inspect.getdoc(component) or "").partition("\n\nParameters\n")[0]
    paragraphs = [part for part in text.split("\n\n") if not part.startswith("Latency ")]
    text = re.sub(r":\w+:`~?([\w.]+)`", r"`\1`", "\n\n".join(paragraphs))
    return text.replace("``", "`") + "\n"


def _timing(
    instance: Instance, register_map: RegisterMap | None, description: Mapping[str, Any]
) -> str:
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
            _LANE_WISE if instance.lane_wise else _ROW_WISE,
        ]
    )


_LANE_WISE = """\
Latency: from the cycle in which a beat is taken to the first in which its result is offered, \
without
back pressure. A stalled output stalls the input and loses nothing; `s_axis_tready` depends on
`m_axis_tready` within the cycle. `tlast` travels with its beat. All ports are synchronous to \
`aclk`;
`aresetn` is synchronous, active low, and one clock edge of it empties the unit.
"""
_ROW_WISE = """\
Latency: from the cycle in which the beat that completes a result is taken to the first in which the
result is offered, without back pressure. A stalled output stalls what it comes from and loses
nothing. A row begins a beat, and `tlast` marks its last; lanes beyond the end of a row repeat its
last element on inputs and have no meaning on outputs. Where a stream has no rows, `tlast` travels
with its beat. All ports are synchronous to `aclk`; `aresetn` is synchronous, active low, and one
clock edge of it empties the unit.
"""


def _cycles(count: int) -> str:
    return "1 cycle" if count == 1 else f"{count} cycles"


def _command(name: str, instance: Instance) -> str:
    """``vit2rtl NAME`` with the options that make this instance."""
    options = [
        f"--{key.replace('_', '-')} {value}" for key, value in instance.parameters.items()
        if key == "lanes" or value != instance.unit.parameters[key].default
    ]
    return f"`vit2rtl {' '.join([name, instance.unit.name, *options])}`"


def _area(instance: Instance, rows: Area) -> Iterator[str]:
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


def _claims(
    instance: Instance, claims: Sequence[Claim], registers: RegisterMap | None
) -> Iterator[str]:
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


def _vectors(instance: Instance) -> Iterator[str]:
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
