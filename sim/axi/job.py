"""What a bench of an AXI4-Lite top has to know, as JSON holds it: ports, map, settings, items.

Every value that is due comes from the golden function, here, before the simulator starts.
"""

import random
from collections.abc import Mapping
from typing import Any

from vit2rtl.rtl.packaging.register_map import WORD, RegisterMap
from vit2rtl.rtl.packaging.sources import axi_latency
from vit2rtl.sim.axi import bins
from vit2rtl.sim.axi.pins import Pins
from vit2rtl.sim.axi.settings import Settings, beatwise

MOST_ROWS = 1024  # of channel tables that are filled and passed from the first row to the last
FEW_ROWS = 64  # that every setting fills


def task(register_map: RegisterMap, seed: int, *, mutants: int = 0) -> dict[str, Any]:
    """The job of a top; how a simulator finds its files is added by who runs it.

    pins      ``driven``, ``observed``: see ``pins.py``
    map       registers and tables as the model and the bins want them
    settings  configuration with items under it, see ``settings.py``; ``long`` fills every row of
              the channel tables, where the others fill some and beats end where they like
    depth     beats that a lane-wise unit and its tables hold, 1 of other units
    """
    instance, table = register_map.instance, register_map.table
    beats = beatwise(instance)
    pins = Pins.of(register_map, mutants)
    rng = random.Random(seed)
    rows = table.rows if table else 0
    settings = Settings(register_map, rng)
    some = settings.few(min(rows, 8) if rows > FEW_ROWS else rows)
    described = described_map(register_map)
    return {
        "driven": pins.driven,
        "observed": pins.observed,
        "map": described,
        "lone": sorted(_lone(described)),
        "table_words": _table_words(register_map),
        "sources": [{"name": s.name, "width": s.tdata_width} for s in _sides(register_map)[0]],
        "sinks": [{"name": s.name, "width": s.tdata_width} for s in _sides(register_map)[1]],
        "rowwise": not beats,
        "depth": min(_depth(register_map), bins.MOST_INSIDE),
        "most_rows": MOST_ROWS,
        "settings": some,
        "long": settings.one(rows) if beats and FEW_ROWS < rows <= MOST_ROWS else None,
        "seed": seed,
    }


def _sides(register_map: RegisterMap) -> tuple[list, list]:
    streams = register_map.streams
    return [s for s in streams if s.enters], [s for s in streams if not s.enters]


def _depth(register_map: RegisterMap) -> int:
    return axi_latency(register_map) if register_map.instance.lane_wise else 1


def described_map(register_map: RegisterMap) -> dict[str, Any]:
    """Registers and channel tables: addresses, masks, access, roles."""
    table = register_map.table
    registers = [
        {
            "name": r.name,
            "address": r.offset,
            "access": r.access,
            "mask": sum((1 << bits.width) - 1 << bits.lsb for bits in r.bits),
            "reset": r.reset,
            "role": r.role.name.lower(),
            "source": r.source,
            "sends": r.sends,
        }
        for r in register_map.registers
    ]
    described: dict[str, Any] = {
        "registers": registers,
        "entries": {s.name: s.entries for s in register_map.instance.tables},
        "address_bits": register_map.address_width,
        "rows": table.rows if table else 0,
        "table": table and {
            "offset": table.offset,
            "size": table.size,
            "lanes": table.lanes,
            "lane_stride": table.lane_stride,
            "row_stride": table.row_stride,
            "masks": [sum((1 << bits.width) - 1 << bits.lsb for bits in word)
                      for word in table.words],
        },
    }
    lone = _lone(described)
    places = {r["address"] for r in registers}
    described["lone_bits"] = [
        bit for bit in range(2, register_map.address_width)
        if any(address ^ 1 << bit in places for address in lone)
    ]
    return described


def _lone(described: Mapping[str, Any]) -> set[int]:
    """Addresses without a register that differ from one in a single bit."""
    places = {r["address"] for r in described["registers"]}
    table = described["table"]
    ends = [table["offset"], table["offset"] + table["size"] - table["row_stride"]] if table else []
    near = {place ^ 1 << bit for place in (*places, *ends)
            for bit in range(2, described["address_bits"])}
    if table:  # lanes and words that a power of two leaves over
        near |= {end + n for end in ends for n in range(0, table["row_stride"], 4)}
    return {address for address in near if address not in places and not _in_table(table, address)}


def _in_table(table: Mapping[str, Any] | None, address: int) -> bool:
    if table is None or not table["offset"] <= address < table["offset"] + table["size"]:
        return False
    lane, place = divmod((address - table["offset"]) % table["row_stride"], table["lane_stride"])
    return lane < table["lanes"] and place // 4 < len(table["masks"])


def _table_words(register_map: RegisterMap) -> list[int]:
    """Some words of the channel tables: of the first two rows and the last two."""
    table = register_map.table
    if table is None:
        return []
    lanes = sorted({0, 1 % table.lanes, table.lanes - 1})
    return [
        table.offset + row * table.row_stride + lane * table.lane_stride + WORD // 8 * word
        for row in sorted({0, 1, table.rows - 2, table.rows - 1}) for lane in lanes
        for word in range(len(table.words))
    ]


def declared(register_map: RegisterMap) -> list[str]:
    """Every bin of a top."""
    return bins.declared({
        "map": described_map(register_map), "most_rows": MOST_ROWS,
        "depth": min(_depth(register_map), bins.MOST_INSIDE),
        "rowwise": not beatwise(register_map.instance),
    })

