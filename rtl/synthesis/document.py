"""The table as text: columns for a terminal, and the page ``docs/area.md``."""

from collections.abc import Iterable

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl import latency
from vit2rtl.rtl.synthesis.devices import DEVICES
from vit2rtl.rtl.synthesis.page import AFTER, BEFORE
from vit2rtl.rtl.synthesis.references.reference import Rows
from vit2rtl.rtl.synthesis.references.registry import REFERENCES
from vit2rtl.rtl.synthesis.table import Row


def text_tables(rows: Rows) -> list[str]:
    """Lines for a terminal: a table for each device, numbers on the right."""
    lines: list[str] = []
    for device in DEVICES.values():
        ours = [row for row in rows if row["device"] == device.name]
        if not ours:
            continue
        placed = bool(device.placer)
        table = [["", *device.cells, *(["MHz"] if placed else [])]]
        for row in ours:
            name = row["instance"] + (" (fabric)" if row["fabric"] else "")
            clock = [_clock(row)] if placed else []
            table.append([name, *map(str, row["cells"].values()), *clock])
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines += ["", device.title + ("" if placed else ": cells before placement, no clock")]
        lines += [
            "  ".join([cells[0].ljust(widths[0]),
                       *(c.rjust(w) for c, w in zip(cells[1:], widths[1:], strict=True))]).rstrip()
            for cells in table
        ]
    tools = sorted({row["tools"] for row in rows})
    return [*lines[1:], "", *tools]


def markdown(rows: Rows) -> str:
    """The page ``docs/area.md`` of a whole table (:func:`~.table.committed`)."""
    dates = sorted({row["date"] for row in rows})
    tools = sorted({tool for row in rows for tool in row["tools"].split(", ")})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return "\n".join([
        BEFORE.format(when=when, tools=", ".join(tools), example=_example()),
        *_units(rows), *_lanes(rows), *_devices(rows), *_comparisons(rows), *_peers(),
        AFTER + "".join(f"{limit}\n" for one in REFERENCES.values() for limit in one.limits),
    ])


def _example() -> str:
    """A command that measures what no row of the units' defaults does."""
    example = next(one.example for one in REFERENCES.values() if one.example)
    return f"vit2rtl synthesize {example}"


def _units(rows: Rows) -> list[str]:
    ours = [row for row in rows if row["source"] in UNITS and row["device"] == "ecp5"
            and row["parameters"]["lanes"] == 1]
    body = [
        [f"`{row['source']}`", _parameters(row), *_ecp5(row), _clock(row), _cycles(row)]
        for row in ours
    ]
    head = ["unit", "parameters", *DEVICES["ecp5"].cells, "MHz (by seed)", "latency"]
    return ["## One lane on ECP5", "",
            "[units](units/README.md) has the defaults of the parameters that a row does not name.",
            "",
            *_table(head, body, text=2), ""]


def _lanes(rows: Rows) -> list[str]:
    body = []
    for name in UNITS:
        default = [row for row in rows if row["source"] == name and row["device"] == "ecp5"
                   and _is_default(row)]
        for row in default:
            each = row["cells"]["COMB"] / row["parameters"]["lanes"]
            body.append([f"`{name}`", str(row["parameters"]["lanes"]), *_ecp5(row), f"{each:.0f}"])
    head = ["unit", "lanes", *DEVICES["ecp5"].cells, "COMB a lane"]
    return ["## More lanes", "",
            "Default parameters, cells only. All lanes share valid bits, enables and `last`.",
            "", *_table(head, body, text=1), ""]


def _devices(rows: Rows) -> list[str]:
    lines = ["## Other devices", "", "One lane."]
    for device in list(DEVICES.values())[1:]:
        ours = [row for row in rows if row["source"] in UNITS and row["device"] == device.name]
        head = ["unit", "parameters", *device.cells, *(["MHz (by seed)"] if device.placer else [])]
        body = [[f"`{row['source']}`", _parameters(row), *map(str, row["cells"].values()),
                 *([_clock(row)] if device.placer else [])] for row in ours]
        what = "placed and routed" if device.placer else "cells before placement"
        lines += ["", f"{device.title}, {what}:", "", *_table(head, body, text=2)]
    return [*lines, ""]


def _comparisons(rows: Rows) -> list[str]:
    sections = [one.section(rows) for one in REFERENCES.values() if one.section]
    return [
        "## What the arrangements are worth", "",
        "Each design of a comparison has the same ports, handshake, registers at its output and,"
        " but where stated, the same golden function and latency; tests simulate every one against"
        " it. The references are in `rtl/synthesis/references/`.", "",
        *(line for section in sections for line in section),
    ]


def _peers() -> list[str]:
    head = ["block", "computes", "source", "LUT4", "CCU2C", "COMB", "FF", "MULT18", "MHz",
            "latency"]
    body = [[p.name, p.what, p.source, str(p.lut4), str(p.ccu2c), f"**{p.comb}**", str(p.ff),
             str(p.mult18), f"{p.mhz:.0f}", p.latency]
            for one in REFERENCES.values() for p in one.peers]
    return [
        "## Blocks of other projects", "",
        "Measured once with the same yosys, nextpnr, device, clock target and kind of harness, one"
        " seed, hierarchy kept; no part of the runs above, since their sources are not ours to"
        " ship. They are not the same function: operand widths, number formats, latency and"
        " handshake differ, and FINN's includes its configuration port and a FIFO.", "",
        *_table(head, body, text=3), "",
    ]


def _table(head: list[str], body: list[list[str]], *, text: int) -> list[str]:
    """A Markdown table: ``text`` columns on the left, numbers on the right."""
    rule = ["---"] * text + ["---:"] * (len(head) - text)
    return ["| " + " | ".join(cells) + " |" for cells in (head, rule, *body)]


def _ecp5(row: Row) -> Iterable[str]:
    cells = {name: str(number) for name, number in row["cells"].items()}
    return (cells | {"COMB": f"**{cells['COMB']}**"}).values()


def _clock(row: Row) -> str:
    """Median, and the seeds' figures where there are several; empty where nothing was placed."""
    if row["fmax_mhz"] is None:
        return ""
    seeds = ", ".join(f"{clock:.0f}" for clock in row["fmax_by_seed"])
    return f"{row['fmax_mhz']:.0f}" + (f" ({seeds})" if row["seeds"] > 1 else "")


def _parameters(row: Row) -> str:
    unit = UNITS[_unit(row)]
    other = [f"`{name}` {value}" for name, value in row["parameters"].items()
             if name != "lanes" and value != unit.parameters[name].default]
    return ", ".join(other) or "defaults"


def _unit(row: Row) -> str:
    """Of a row of these tables, whose designs all have one."""
    assert row["unit"] is not None
    return row["unit"]


def _is_default(row: Row) -> bool:
    return _parameters(row) == "defaults"


def _cycles(row: Row) -> str:
    return str(latency(Instance.of(_unit(row), **row["parameters"])))
