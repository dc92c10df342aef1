"""Coverage of an AXI4-Lite top: what the benches must have seen at its ports, counted as they run.

Names of bins are made here alone: ``declared`` lists those of a job's top, the other functions
count them. What is counted and not declared is dropped.
"""

from collections import Counter
from typing import Any

from vit2rtl.sim.axi.model import OKAY, Answer, Registers, Write

Hits = Counter[str]

_CHANNELS = (
    "address before data", "data before address", "address with data",
    "a write waits, an answer is held", "a read waits, an answer is held",
    "an answer to a write is held", "an answer to a read is held",
    "a read is offered with a write", "a read is answered while a write is",
)
_ROW_BEATS = ("0", "1", "some rows", "all rows", "more than there are")
_ENDS = ("tlast", "ROW_BEATS", "the last row")
_STOPS = (
    "a beat waits while stopped", "enable cleared with a beat inside", "enable cleared in a packet",
    "enabled again with a beat inside", "every beat has left while stopped",
)
_RESETS = ("a beat is inside", "an answer to a write waits", "an answer to a read waits",
           "an address waits for its data", "enabled")
MOST_INSIDE = 12


def declared(task: dict[str, Any]) -> list[str]:
    """Every bin of a job's top, in the order of reports."""
    described = task["map"]
    registers, table = described["registers"], described["table"]
    labels = [f"axi4-lite: {name}" for name in _CHANNELS]
    labels += [f"read: {r['name']}" for r in registers]
    labels += [f"write: {r['name']} {'refused' if r['access'] == 'r' else 'taken'}"
               for r in registers]
    closed = [r["name"] for r in registers if r["access"] in ("idle", "w")]
    closed += ["table"] if table else []
    labels += [f"write: {name} refused while {why}" for name in closed
               for why in ("enabled", "stopped and busy")]
    widest = max(r["mask"].bit_length() for r in registers if r["access"] in ("rw", "idle"))
    if table:
        widest = max(widest, *(mask.bit_length() for mask in table["masks"]))
    labels += [f"strobes: {n:04b} over other bytes" for n in range(1, 1 << -(-widest // 8))]
    labels += [f"no register: {way}, address bit {bit}" for way in ("read", "write")
               for bit in described["lone_bits"]]
    if table:
        labels += [f"table: {name}" for name in (
            "first row written", "last row written", "first row read", "last row read",
            *(f"lane {n} written" for n in range(table["lanes"])))]
        if described["rows"] <= task["most_rows"]:
            rowwise = task["rowwise"]
            labels += [f"row: ROW_BEATS {name}" for name in _ROW_BEATS[: 1 if rowwise else None]]
            ends = _ENDS[: 1 if rowwise else None]
            labels += [f"row: row 0 after {name}" for name in (*ends, "enable")]
    labels += [f"stream: {n} inside" for n in range(1, task["depth"] + 1)]
    labels += [f"stream: {name}" for name in ("a beat waits behind a blocked output", *_STOPS)]
    labels += ["status: busy, several inside"] if task["depth"] > 1 else []
    labels += ["status: busy while stopped", "status: not busy while enabled"]
    labels += [f"reset: {name}" for name in _RESETS]
    for stream in described["entries"]:
        labels += [f"load: {stream} {name}" for name in ("whole", "again")]
        labels += [f"reset: {stream} partly loaded"] if described["entries"][stream] > 1 else []
    return labels


def axi_lite(hits: Hits, manager: Any, aw: bool, w: bool, ar: bool) -> None:
    """A cycle of the five channels; what was offered in it."""
    held_b, held_r = manager.b.held is not None, manager.r.held is not None
    if held_b:
        hits["axi4-lite: an answer to a write is held"] += 1
        if aw and w:
            hits["axi4-lite: a write waits, an answer is held"] += 1
        if held_r:
            hits["axi4-lite: a read is answered while a write is"] += 1
    if held_r:
        hits["axi4-lite: an answer to a read is held"] += 1
        if ar:
            hits["axi4-lite: a read waits, an answer is held"] += 1
    if aw or w:
        first = "address before data" if aw else "data before address"
        hits[f"axi4-lite: {'address with data' if aw and w else first}"] += 1
        if aw and w and ar:
            hits["axi4-lite: a read is offered with a write"] += 1


def written(hits: Hits, registers: Registers, write: Write, response: int) -> None:
    """A write and its answer, before the model knows of it."""
    word, n = registers.at(write.address), registers.index(write.address)
    if word is None:
        _lone(hits, registers, n, "write")
        return
    taken = response == OKAY
    hits[f"write: {word.name} {'taken' if taken else 'refused'}"] += 1
    if not taken:
        why = "enabled" if registers.enable else "stopped and busy"
        hits[f"write: {word.name} refused while {why}"] += 1
        return
    octets = range(-(-word.mask.bit_length() // 8))
    now = registers.held(n)
    if all((now ^ write.data) & word.mask & 0xFF << 8 * k for k in octets) and word.access != "w":
        hits[f"strobes: {write.strobes & (1 << len(octets)) - 1:04b} over other bytes"] += 1
    if word.role == "table":
        _table(hits, registers, n, "written")
    if word.sends:
        count, entries = registers.counts[word.source], registers.entries[word.source]
        if count == entries - 1:
            hits[f"load: {word.source} whole"] += 1
        if count == entries:
            hits[f"load: {word.source} again"] += 1


def read(hits: Hits, registers: Registers, address: int, answer: Answer, inside: int) -> None:
    word, n = registers.at(address), registers.index(address)
    if word is None:
        _lone(hits, registers, n, "read")
        return
    hits[f"read: {word.name}"] += 1
    if word.role == "table":
        _table(hits, registers, n, "read")
    if word.role == "status":
        if answer.data:
            hits["status: busy, several inside"] += inside > 1
            hits["status: busy while stopped"] += not registers.enable
        else:
            hits["status: not busy while enabled"] += registers.enable


def _table(hits: Hits, registers: Registers, n: int, way: str) -> None:
    table = registers.map["table"]
    row, place = divmod(4 * n - table["offset"], table["row_stride"])
    if row == 0:
        hits[f"table: first row {way}"] += 1
    if row == registers.map["rows"] - 1:
        hits[f"table: last row {way}"] += 1
    hits[f"table: lane {place // table['lane_stride']} {way}"] += 1


def _lone(hits: Hits, registers: Registers, n: int, way: str) -> None:
    """An address without a register: that of one, but for a single bit."""
    for bit in registers.map["lone_bits"]:
        if registers.at(4 * n ^ 1 << bit):
            hits[f"no register: {way}, address bit {bit}"] += 1


def row(hits: Hits, number: int, rows: int, beats: int, last: bool) -> None:
    """A beat that meets a row of the channel tables."""
    name = ("0" if beats == 0 else "1" if beats == 1 else "some rows" if beats < rows
            else "all rows" if beats == rows else "more than there are")
    hits[f"row: ROW_BEATS {name}"] += 1
    if last:
        hits["row: row 0 after tlast"] += number + 1 < rows and number + 1 != beats
    elif number + 1 == beats:
        hits["row: row 0 after ROW_BEATS"] += number + 1 < rows
    elif number + 1 == rows:
        hits["row: row 0 after the last row"] += 1


def streams(hits: Hits, side: Any, before: int, enables: set[bool]) -> None:
    """A cycle of the data streams."""
    hits[f"stream: {min(side.inside, MOST_INSIDE)} inside"] += 1
    waits = any(s.offered is not None for s in side.senders.values())
    if waits and any(r.held is not None for r in side.receivers.values()):
        hits["stream: a beat waits behind a blocked output"] += 1
    if enables == {False}:
        if waits:
            hits["stream: a beat waits while stopped"] += 1
        if before and not side.inside:
            hits["stream: every beat has left while stopped"] += 1


def enabled(hits: Hits, side: Any, before: bool, now: bool) -> None:
    """``CONTROL.enable`` has changed."""
    if before and not now:
        hits["stream: enable cleared with a beat inside"] += side.busy
        hits["stream: enable cleared in a packet"] += side.packet
        hits["row: row 0 after enable"] += side.row > 0
    if now and not before:
        hits["stream: enabled again with a beat inside"] += side.busy


def reset(hits: Hits, manager: Any, side: Any) -> None:
    """The state that a reset ends."""
    registers = manager.registers
    state = dict(zip(_RESETS, (
        side.busy, manager.b.held is not None, manager.r.held is not None,
        bool(manager.aw.offered is not None and manager.w.offered is None), registers.enable),
        strict=True))
    for name, held in state.items():
        hits[f"reset: {name}"] += held
    for stream, count in registers.counts.items():
        hits[f"reset: {stream} partly loaded"] += 0 < count < registers.entries[stream]
