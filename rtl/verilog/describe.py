"""Ports, lanes and timing of an instance as plain data, for headers, tables and documents."""

from vit2rtl.rtl import latency
from vit2rtl.rtl.stream.axi_stream import lane_bits, tdata_width


def describe(instance):
    """What a user of the Verilog has to know, as a dict that JSON can hold."""
    names = {"s_axis": instance.inputs, "m_axis": instance.outputs}
    return {
        "name": instance.name,
        "unit": instance.unit.name,
        "summary": instance.unit.summary,
        "modules": {"bare": instance.name, "axi4_stream": f"{instance.name}_axis"},
        "parameters": dict(instance.parameters),
        "latency_cycles": latency(instance),
        "beats_per_cycle": 1,
        "ports": axi_ports(instance),
        "lanes": {
            f"{name}_tdata": packing(fields, instance.lanes) for name, fields in names.items()
        },
    }


def packing(fields, lanes):
    """How the lanes of a stream lie in its TDATA."""
    return {
        "lanes": lanes,
        "lane_bits": lane_bits(fields),
        "padding_bits": tdata_width(fields, lanes) - lane_bits(fields) * lanes,
        "fields": lane_fields(fields),
    }


def axi_ports(instance):
    """The ports of the AXI4-Stream top in the order of the tables."""
    ports = [
        ("aclk", "input", 1, "clock of all ports"),
        ("aresetn", "input", 1, "synchronous reset, active low"),
    ]
    for name, fields, forth, back in (
        ("s_axis", instance.inputs, "input", "output"),
        ("m_axis", instance.outputs, "output", "input"),
    ):
        width = tdata_width(fields, instance.lanes)
        ports += [
            (f"{name}_tdata", forth, width, "lanes, lane 0 in the least significant bits"),
            (f"{name}_tvalid", forth, 1, "a beat is offered"),
            (f"{name}_tready", back, 1, "a beat is taken"),
            (f"{name}_tlast", forth, 1, "travels with its beat"),
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


def lane_fields(fields):
    """Position of each field in its lane."""
    rows, low = [], 0
    for field in fields:
        rows.append({"name": field.name, "lsb": low, "width": field.width, "signed": field.signed})
        low += field.width
    return rows


def markdown(description):
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
    ]
    return "\n".join(lines) + "\n"


def port_table(description):
    """Lines of the table of the AXI4-Stream top's ports."""
    return table(
        ("port", "direction", "bits", "meaning"),
        [(f"`{p['name']}`", p["direction"], _bits(p), p["role"]) for p in description["ports"]],
    )


def lane_table(lanes, of=""):
    """Lines of a section on each stream, ``of`` a module: where the fields of a lane are."""
    lines = []
    for port, layout in lanes.items():
        lines += [
            "",
            f"## Lanes of `{port}`{of}",
            "",
            f"Lane n takes bits `{layout['lane_bits']}*n` up, n from 0 to {layout['lanes'] - 1}; "
            f"{layout['padding_bits']} padding bits on top.",
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


def _kind(field):
    return "two's complement" if field["signed"] else "unsigned"


def _bits(port):
    return f"{port['width']}, signed" if port["signed"] else str(port["width"])


def table(head, rows):
    """Lines of a Markdown table, its columns aligned."""
    columns = [max(len(row[c]) for row in [head, *rows]) for c in range(len(head))]
    lines = [head, tuple("-" * width for width in columns), *rows]
    padded = ([c.ljust(w) for c, w in zip(line, columns, strict=True)] for line in lines)
    return ["| " + " | ".join(cells) + " |" for cells in padded]
