"""Ports, lanes and timing of an instance as plain data, for headers, tables and documents."""

from collections.abc import Iterable, Sequence
from typing import Any

from vit2rtl.golden.units import Field, Instance, Stream
from vit2rtl.rtl.registry import latency


def describe(instance: Instance) -> dict[str, Any]:
    """What a user of the Verilog has to know, as a dict that JSON can hold."""
    description = {
        "name": instance.name,
        "unit": instance.unit.name,
        "summary": instance.unit.summary,
        "modules": {"bare": instance.name, "axi4_stream": f"{instance.name}_axis"},
        "parameters": dict(instance.parameters),
        "latency_cycles": latency(instance),
        "beats_per_cycle": 1,
        "ports": axi_ports(instance),
        "lanes": {f"{s.axi}_tdata": packing(s) for s in instance.streams},
    }
    if roms := instance.unit.roms(instance.parameters):
        description["roms"] = {name: list(entries) for name, entries in roms.items()}
    return description


def packing(stream: Stream) -> dict[str, Any]:
    """How the lanes of a stream lie in its TDATA."""
    return {
        "lanes": stream.lanes,
        "lane_bits": stream.lane_bits,
        "padding_bits": stream.tdata_width - stream.beat_bits,
        "fields": lane_fields(stream.fields),
        **({"order": text} if (text := order(stream)) else {}),
    }


def order(stream: Stream) -> str:
    """How its elements follow each other, a sentence; empty where no beat depends on another."""
    if stream.entries:
        return (
            f"A table: {stream.entries} entries in order, last with the last beat, while nothing "
            "is inside; kept until they come again."
        )
    return "Rows: each begins a beat, last marks its last beat." if stream.rows else ""


def axi_ports(instance: Instance) -> list[dict[str, Any]]:
    """The ports of the AXI4-Stream top in the order of the tables."""
    ports = [
        ("aclk", "input", 1, "clock of all ports"),
        ("aresetn", "input", 1, "synchronous reset, active low"),
    ]
    for s in instance.streams:
        forth, back = ("input", "output") if s.enters else ("output", "input")
        ports += [
            (f"{s.axi}_tdata", forth, s.tdata_width, _data_role(s)),
            (f"{s.axi}_tvalid", forth, 1, "a beat is offered"),
            (f"{s.axi}_tready", back, 1, "a beat is taken"),
            (f"{s.axi}_tlast", forth, 1, _last_role(s)),
        ]
    rows = [
        {"name": name, "direction": direction, "width": width, "signed": False, "role": role}
        for name, direction, width, role in ports
    ]
    for field in instance.configuration:
        rows.append(
            {
                "name": field.name,
                "direction": "input",
                "width": field.width,
                "signed": field.signed,
                "role": f"configuration: {field.meaning or field.name.replace('_', ' ')}",
            }
        )
    return rows


def _data_role(s: Stream) -> str:
    lanes = "lanes, lane 0 in the least significant bits"
    return f"table of {s.entries} entries: {lanes}" if s.entries else lanes


def _last_role(s: Stream) -> str:
    if s.entries:
        return "the table's last beat"
    return "the row's last beat" if s.rows else "travels with its beat"


def lane_fields(fields: Iterable[Field]) -> list[dict[str, Any]]:
    """Position of each field in its lane."""
    rows: list[dict[str, Any]] = []
    low = 0
    for field in fields:
        rows.append({"name": field.name, "lsb": low, "width": field.width, "signed": field.signed})
        low += field.width
    return rows


def markdown(description: dict[str, Any]) -> str:
    """The port and lane table for people."""
    lines = [f"# {description['name']}", "", f"{description['summary']}.", ""]
    parameters = ", ".join(f"`{k}={v}`" for k, v in description["parameters"].items())
    lines += [
        f"Parameters: {parameters}.",
        "",
        f"Latency {description['latency_cycles']} cycles, one beat a cycle; back pressure on "
        "`m_axis` stalls `s_axis` and loses nothing.",
        "Configuration inputs change only while no beat is inside.",
        "",
        f"## Ports of `{description['modules']['axi4_stream']}`",
        "",
        *port_table(description),
        *lane_table(description["lanes"]),
        *_rom_table(description.get("roms", {})),
    ]
    return "\n".join(lines) + "\n"


def port_table(description: dict[str, Any]) -> list[str]:
    """Lines of the table of the AXI4-Stream top's ports."""
    return table(
        ("port", "direction", "bits", "meaning"),
        [(f"`{p['name']}`", p["direction"], _bits(p), p["role"]) for p in description["ports"]],
    )


def lane_table(lanes: dict[str, Any], of: str = "") -> list[str]:
    """Lines of a section on each stream, ``of`` a module: where the fields of a lane are."""
    lines = []
    for port, layout in lanes.items():
        lines += [
            "",
            f"## Lanes of `{port}`{of}",
            "",
            f"Lane n takes bits `{layout['lane_bits']}*n` up, n from 0 to {layout['lanes'] - 1}; "
            f"{layout['padding_bits']} padding bits on top.",
            *(["", layout["order"]] if "order" in layout else []),
            "",
            *table(
                ("field", "bits within the lane", "number"),
                [
                    (f"`{f['name']}`", f"{f['lsb'] + f['width'] - 1}:{f['lsb']}", _kind(f))
                    for f in layout["fields"]
                ],
            ),
        ]
    return lines


def _rom_table(roms: dict[str, list[int]]) -> list[str]:
    """Lines of a section on the fixed tables within, which RTL of one's own needs as well."""
    if not roms:
        return []
    rows = [(f"`{name}`", str(len(entries)), ", ".join(map(str, entries)))
            for name, entries in roms.items()]
    return ["", "## Tables within", "", *table(("table", "entries", "from entry 0 up"), rows)]


def _kind(field: dict[str, Any]) -> str:
    return "two's complement" if field["signed"] else "unsigned"


def _bits(port: dict[str, Any]) -> str:
    return f"{port['width']}, signed" if port["signed"] else str(port["width"])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table, its columns aligned."""
    columns = [max(len(row[c]) for row in [head, *rows]) for c in range(len(head))]
    lines = [head, tuple("-" * width for width in columns), *rows]
    padded = ([c.ljust(w) for c, w in zip(line, columns, strict=True)] for line in lines)
    return ["| " + " | ".join(cells) + " |" for cells in padded]
