"""Ops to instructions, in an order in which each could follow the one before it.

The schedule then reorders them; what they touch of each other's words is kept in order.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from vit2rtl.golden.engine.compiler import payloads
from vit2rtl.golden.engine.compiler.attention import Attend
from vit2rtl.golden.engine.compiler.groups import Part, common, even_parts, token_groups
from vit2rtl.golden.engine.compiler.instruction import TABLE, Instruction, Work, depths
from vit2rtl.golden.engine.compiler.linear import Linear
from vit2rtl.golden.engine.compiler.needs import NOTHING, needed_rows
from vit2rtl.golden.engine.compiler.places import Places
from vit2rtl.golden.engine.compiler.region import Region, tiles_of
from vit2rtl.golden.engine.compiler.stages import Attention, Graph, Rows, stages
from vit2rtl.golden.engine.instructions import WORD, Load, Unit
from vit2rtl.golden.program.program import Op

# Instructions that follow one another without a choice: a tile of the array and what comes of it.
Step = tuple[Instruction, ...]


class Lowering:
    """Steps of a program, see :meth:`steps`.

    raises   ValueError naming the op that the engine has no way for
    """

    def __init__(self, graph: Graph, groups: int) -> None:
        self.graph, self.configuration, self.groups = graph, graph.configuration, groups
        self.stages = stages(graph)
        self.places = Places(graph, self.stages)
        self.needs = needed_rows(graph.program)
        self.parts = token_groups(graph.tokens, groups, self.configuration)
        self.linear = Linear(graph, self.places)
        self.attend = Attend(graph, self.places)
        self._table = ""

    def steps(self) -> Iterator[Step]:
        """Groups one after the other, attentions head by head."""
        for stage in self.stages:
            match stage:
                case Rows():
                    yield from self._rows(stage)
                case Attention():
                    yield from self._attention(stage)

    def _rows(self, stage: Rows) -> Iterator[Step]:
        yield from self._patches(stage.patches)
        for part in self.parts:
            for op in stage.tokens:
                yield from self._op(op, common(part, self._needed(op)))
        for op in stage.others:
            needed = self._needed(op)
            for part in even_parts(len(needed), -(-len(needed) // self.configuration.bank_rows)):
                rows = range(needed.start + part.rows.start, needed.start + part.rows.stop)
                yield from self._op(op, Part(part.group, rows))

    def _needed(self, op: Op) -> range:
        return self.needs.get(op.output.name, NOTHING)

    def _of(self, op: Op) -> list[Part]:
        """The needed rows of an op's output, in groups."""
        needed, tokens = self._needed(op), op.output.shape[0]
        parts = self.parts if tokens == self.graph.tokens else token_groups(
            tokens, self.groups, self.configuration)
        return [part for part in (common(part, needed) for part in parts) if len(part.rows)]

    def _op(self, op: Op, part: Part) -> Iterator[Step]:
        if not len(part.rows):
            return
        match op.kind:
            case "linear":
                yield from self._tiles(op, part)
            case "layernorm":
                yield (self._layernorm(op, part),)
            # They are in the epilogue of a linear layer, or addresses.
            case "add" | "table" | "embed" | "select" | "average":
                pass
            case _:
                raise self.graph.refusal(op, f"the engine has no {op.kind} here")

    def _tiles(self, op: Op, part: Part, tiles: Sequence[int] | None = None) -> Iterator[Step]:
        target = self.places.targets[op.name]
        if target.table and target.table.name != self._table:
            self._table = target.table.name
            yield (self._load_table(target.table),)
        for tile in self.linear.tiles(op) if tiles is None else tiles:
            yield self.linear.step(op, part, tile)

    def _attention(self, stage: Attention) -> Iterator[Step]:
        for head in range(stage.query_key.attributes["heads"]):
            for op in (stage.key, stage.value, stage.query):
                size = self.places.regions[op.output.name].tiles
                heads = stage.query_key.attributes["heads"]
                tiles = range(head * size // heads, (head + 1) * size // heads)
                for part in self._of(op):
                    yield from self._tiles(op, part, tiles)
            for part in self._of(stage.attention_value):
                yield from self.attend.steps(stage, head, part)

    def _layernorm(self, op: Op, part: Part) -> Instruction:
        c, a = self.configuration, op.attributes
        source, target = (self.places.regions[name] for name in (op.inputs[0], op.output.name))
        columns = op.output.shape[-1]
        operands = {
            "table": 1, "stream_base": source.address(part.rows.start),
            "stream_row_stride": source.row_stride, "rows": len(part.rows), "columns": columns,
            "base": target.address(part.rows.start), "row_stride": target.row_stride,
            "two_digits": int(target.tile_stride > 1), "shift": a["shift"],
            "epsilon": a["epsilon"], "top": op.output.limits()[1],
        }
        work = Work(op.name, op.kind, op.output.name, part.rows, tuple(range(columns)),
                    group=part.group)
        return Instruction(
            Unit.LAYERNORM, operands, work, payloads.affine(op, c),
            reads={source.buffer: source.words(part.rows, source.every())},
            writes={target.buffer: target.words(part.rows, target.every())})

    def _load_table(self, op: Op) -> Instruction:
        entries = op.tensors["table"]
        return Instruction(
            Unit.LOAD, {"base": 0, "count": len(entries), "two_digits": 0},
            Work(op.name, op.kind, op.output.name, range(0)), payloads.table(entries),
            writes={TABLE: np.zeros(1, int)}, opcode=Load.TABLE)

    def _patches(self, ops: Sequence[Op]) -> Iterator[Step]:
        """Patches of the image in parts that the hidden buffer holds, and their products."""
        if not ops:
            return
        if [op.kind for op in ops] != ["patches", "linear"]:
            raise self.graph.refusal(ops[-1], "patches must go to one linear layer")
        patches, linear = ops
        for part, region in self._patch_parts(patches):
            yield (self._load_patches(patches, part, region),)
            yield (self._load_constants(linear, part),)
            self.places.regions[patches.output.name] = region
            yield from self._tiles(linear, part)

    def _patch_parts(self, op: Op) -> Iterator[tuple[Part, Region]]:
        c, (patches, pixels) = self.configuration, op.output.shape
        channels = tiles_of(pixels, c.columns)
        digits = c.code_digits(op.output.bits)
        row = len(channels) * digits
        depth = depths(c)["hidden"]
        most = min(depth // row, c.bank_rows)
        if not most:
            raise self.graph.refusal(op, f"a patch takes {row} words of the buffer hidden, which "
                                     f"has {depth}")
        place = 0
        for part in even_parts(patches, max(self.groups, -(-patches // most))):
            size = len(part.rows) * row
            place = place if place + size <= depth else 0
            base = place - part.rows.start * row
            yield part, Region("hidden", base, row, digits, channels)
            place += size

    def _load_patches(self, op: Op, part: Part, region: Region) -> Instruction:
        operands = {"base": region.address(part.rows.start),
                    "count": len(part.rows) * region.tiles,
                    "two_digits": int(region.tile_stride > 1)}
        return Instruction(
            Unit.LOAD, operands, Work(op.name, op.kind, op.output.name, part.rows,
                                      tuple(range(op.output.shape[-1])), group=part.group),
            writes={region.buffer: region.words(part.rows, region.every())}, opcode=Load.PATCHES)

    def _load_constants(self, linear: Op, part: Part) -> Instruction:
        """What the stream holds before a part's patches are added, with the first part tokens that
        no patch belongs to."""
        target = self.places.targets[linear.name]
        embed, region = target.op, target.region
        first = part.rows.start + target.offset if part.rows.start else 0
        rows = range(first, part.rows.stop + target.offset)
        values = embed.tensors["constants"][rows.start:rows.stop]
        assert region is not None
        words = np.arange(region.address(rows.start), region.address(rows.stop))
        return Instruction(
            Unit.LOAD, {"base": region.address(rows.start), "count": len(words), "two_digits": 0},
            Work(embed.name, embed.kind, embed.output.name, rows,
                 tuple(range(values.shape[1])), group=part.group),
            payloads.constants(values, region.row_stride * WORD),
            writes={region.buffer: words}, opcode=Load.STREAM)
