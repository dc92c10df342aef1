"""What an image's schedule costs: by kind of op, by unit, and where slots of the array are lost."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vit2rtl.golden.engine.compiler.durations import length
from vit2rtl.golden.engine.compiler.image import EngineImage
from vit2rtl.golden.engine.compiler.instruction import Instruction
from vit2rtl.golden.engine.instructions import Unit


@dataclass
class Row:
    """Of an op.

    products      multiply-accumulates that are computed, each once whatever its digits
    instructions  of the op's units
    busy          {unit: cycles}
    waited        cycles in which the array did nothing before a tile of the op
    """

    op: str
    products: int = 0
    instructions: int = 0
    waited: int = 0
    busy: dict[str, int] | None = None


@dataclass(frozen=True)
class Cycles:
    """Of an image.

    total        from the first beat of the command stream to the last logits
    utilization  products over cycles × rows × columns of the array; attention × V not counted
    busy         {unit: share of the cycles}
    lost         {why: share of the array's slots}
    """

    total: int
    utilization: float
    busy: dict[str, float]
    lost: dict[str, float]
    rows: list[Row]

    def as_dict(self) -> dict[str, Any]:
        """For --json."""
        return {"cycles": self.total, "utilization": self.utilization, "busy": self.busy,
                "lost": self.lost, "ops": [vars(row) for row in self.rows]}


def cycles(image: EngineImage) -> Cycles:
    """What the schedule of an image expects."""
    c = image.configuration
    rows: dict[str, Row] = {}
    busy: dict[str, int] = defaultdict(int)
    slots, lost = c.rows * c.columns, dict.fromkeys(("waiting", "digits", "edges"), 0)
    end = 0
    for one in image.instructions:
        row = rows.setdefault(one.work.op, Row(one.work.op, busy={}))
        assert row.busy is not None
        unit, spent = one.unit.name.lower(), length(one, c).busy
        row.instructions += 1
        row.busy[unit] = row.busy.get(unit, 0) + spent
        busy[unit] += spent
        if one.unit == Unit.MATMUL:
            products, once = _products(one, image)
            row.products += products
            row.waited += max(one.start - end, 0)
            lost["waiting"] += max(one.start - end, 0) * slots
            lost["digits"] += once * (_digits(one) - 1)
            lost["edges"] += (one.end - one.start) * slots - once * _digits(one)
            lost["edges"] += once - products
            end = one.end
    total = image.cycles
    lost["waiting"] += (total - end) * slots
    products = sum(row.products for row in rows.values())
    return Cycles(
        total, products / (total * slots),
        {unit: spent / total for unit, spent in sorted(busy.items())},
        {why: count / (total * slots) for why, count in lost.items()}, [*rows.values()])


def _digits(one: Instruction) -> int:
    return (1 + one.operands["two_code_digits"]) * (1 + one.operands["two_weight_digits"])


def _products(one: Instruction, image: EngineImage) -> tuple[int, int]:
    """Those of the op, and those that its tiles are, a digit each."""
    c, f, work = image.configuration, one.operands, one.work
    op = next(op for op in image.program.ops if op.name == work.op)
    inner = image.program.tensors()[op.inputs[0]].shape[-1]
    if f["dynamic"]:
        inner //= op.attributes["heads"]
    return (f["rows"] * inner * len(work.filled()),
            f["rows"] * f["k_tiles"] * c.rows * c.columns)


def table(result: Cycles) -> Iterator[str]:
    """Lines for people."""
    yield f"{'op':32} {'products':>13} {'array':>10} {'waited':>8} {'others':>10}"
    for row in result.rows:
        busy = row.busy or {}
        others = sum(spent for unit, spent in busy.items() if unit != "matmul")
        yield (f"{row.op:32} {row.products:13,} {busy.get('matmul', 0):10,} {row.waited:8,} "
               f"{others:10,}")
    yield ""
    yield f"{result.total:,} cycles an image, {result.utilization:.1%} of the array's slots used"
    yield "lost: " + ", ".join(f"{why} {share:.1%}" for why, share in result.lost.items())
    yield "busy: " + ", ".join(f"{unit} {share:.0%}" for unit, share in result.busy.items())
