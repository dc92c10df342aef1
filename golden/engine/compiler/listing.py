"""What every instruction of an image is for: as lines for people, and as JSON for programs."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vit2rtl.golden.engine.compiler.image import EngineImage
from vit2rtl.golden.engine.compiler.instruction import Instruction
from vit2rtl.golden.engine.instructions import Destination, Load, Source, Unit

_COLUMNS = ("n", "unit", "of unit", "start", "end", "beat", "payload", "op", "head", "group",
            "tile", "rows", "waits", "operands")


def entries(image: EngineImage) -> Iterator[dict[str, Any]]:
    """One for each instruction, in the order of the stream.

    number, beat     of all instructions, and of the stream's beats its first one
    unit, of_unit    its name, and how many of its instructions come before
    op, tensor       whose elements the unit gives: see :class:`Work`
    rows, columns    of the tensor: first and behind the last; the tile's channels or queries
    waits            {unit: how many of its instructions must be done}
    start, end       cycles that the schedule expects
    """
    issued: Counter[Unit] = Counter()
    beat = 1
    for number, one in enumerate(image.instructions):
        work = one.work
        yield {
            "number": number, "beat": beat, "unit": one.unit.name.lower(),
            "of_unit": issued[one.unit], "opcode": one.opcode, "payload": len(one.payload),
            "op": work.op, "kind": work.kind, "tensor": work.tensor, "table": work.table,
            "head": work.head, "group": work.group, "tile": work.tile,
            "rows": [work.rows.start, work.rows.stop], "columns": _short(work.columns),
            "operands": {name: int(value) for name, value in one.operands.items()},
            "waits": {unit.name.lower(): count for unit, count in one.waits.items()},
            "start": one.start, "end": one.end,
        }
        issued[one.unit] += 1
        beat += image.beats_of(one)


def _short(columns: Sequence[int]) -> list[int]:
    """First and behind the last, and how many places there are in all."""
    filled = [column for column in columns if column >= 0]
    return [min(filled, default=0), max(filled, default=-1) + 1, len(columns)]


def lines(image: EngineImage) -> Iterator[str]:
    """A table, one line for each instruction."""
    yield "  ".join(_COLUMNS)
    for entry, one in zip(entries(image), image.instructions, strict=True):
        head = "-" if entry["head"] is None else entry["head"]
        waits = ",".join(f"{unit}:{count}" for unit, count in entry["waits"].items()) or "-"
        yield "  ".join(map(str, (
            entry["number"], entry["unit"] + _opcode(one), entry["of_unit"], entry["start"],
            entry["end"], entry["beat"], entry["payload"], entry["op"], head, entry["group"],
            entry["tile"], "{}..{}".format(*entry["rows"]), waits, _operands(one))))


def _opcode(one: Instruction) -> str:
    return f".{Load(one.opcode).name.lower()}" if one.unit == Unit.LOAD else ""


def _operands(one: Instruction) -> str:
    names: Mapping[str, type] = {"source": Source, "destination": Destination}
    return " ".join(
        f"{name}={names[name](value).name.lower() if name in names else int(value)}"
        for name, value in one.operands.items() if value or name in names)
