"""Attention as instructions: a tile of queries of a head, from logits to attended values."""

from collections.abc import Iterator

import numpy as np

from vit2rtl.golden.arithmetic.attention_value import fraction_bits
from vit2rtl.golden.engine.compiler import payloads
from vit2rtl.golden.engine.compiler.groups import Part, even_parts
from vit2rtl.golden.engine.compiler.instruction import Instruction, Work
from vit2rtl.golden.engine.compiler.places import Places
from vit2rtl.golden.engine.compiler.stages import Attention, Graph
from vit2rtl.golden.engine.instructions import WORD, Destination, Source, Unit
from vit2rtl.golden.engine.placement import NOWHERE

# Of the array's operand.
KEY_ZERO_POINTS = range(-512, 512)


class Attend:
    """Makes the instructions of queries of a head; logits and codes are in bank 0 of each."""

    def __init__(self, graph: Graph, places: Places) -> None:
        self.graph, self.places = graph, places
        self.configuration = graph.configuration

    def steps(self, stage: Attention, head: int, part: Part) -> Iterator[tuple[Instruction, ...]]:
        """As many queries at a time as the array has columns."""
        columns = self.configuration.columns
        for start in range(part.rows.start, part.rows.stop, columns):
            queries = range(start, min(start + columns, part.rows.stop))
            yield self._tile(stage, head, part.group, queries)

    def _tile(
        self, stage: Attention, head: int, group: int, queries: range
    ) -> tuple[Instruction, ...]:
        tokens = stage.key.output.shape[0]
        blocks = even_parts(tokens, -(-tokens // self.configuration.bank_rows))
        pairs = [one for block in blocks
                 for one in self._logits(stage, head, group, queries, block.rows)]
        return (*pairs, self._softmax(stage, head, group, queries),
                self._values(stage, head, group, queries))

    def _columns(self, queries: range) -> tuple[int, ...]:
        missing = self.configuration.columns - len(queries)
        return (*queries, *[NOWHERE] * missing)

    def _tiles(self, name: str, head: int, heads: int) -> range:
        size = self.places.regions[name].tiles // heads
        return range(head * size, (head + 1) * size)

    def _logits(
        self, stage: Attention, head: int, group: int, queries: range, keys: range
    ) -> tuple[Instruction, Instruction]:
        c, a = self.configuration, stage.query_key.attributes
        q, k = stage.query.output, stage.key.output
        region_q, region_k = (self.places.regions[tensor.name] for tensor in (q, k))
        tiles = self._tiles(q.name, head, a["heads"])
        work = Work(stage.query_key.name, "query_key", stage.query_key.output.name, keys,
                    self._columns(queries), head, group)
        array = Instruction(
            Unit.MATMUL,
            {
                "source": Source.KEYS, "base": region_k.address(keys.start, tiles.start),
                "row_stride": region_k.row_stride, "tile_stride": region_k.tile_stride,
                "rows": len(keys), "k_tiles": len(tiles),
                "two_code_digits": int(region_k.tile_stride > 1),
                "two_weight_digits": int(region_q.tile_stride > 1), "dynamic": 1,
                "query_base": region_q.address(queries.start, tiles.start),
                "query_row_stride": region_q.row_stride,
                "query_tile_stride": region_q.tile_stride, "queries": len(queries),
                "query_zero_point": a["q_zero_point"], "key_zero_point": a["k_zero_point"],
            },
            work, reads={region_k.buffer: region_k.words(keys, tiles),
                         region_q.buffer: region_q.words(queries, tiles)})
        top = stage.query_key.output.limits()[1]
        words = np.arange(c.columns // WORD)[:, np.newaxis] * c.tokens + np.arange(
            keys.start, keys.stop)
        epilogue = Instruction(
            Unit.EPILOGUE,
            {
                "destination": Destination.LOGITS, "table": 0, "add": 0, "base": keys.start,
                "row_stride": 1, "group_stride": c.tokens, "rows": len(keys),
                "groups": c.columns // WORD, "two_digits": 0, "shift_base": a["shift"],
                # The smallest number is a masked logit's alone.
                "zero_point": 0, "low": -top, "high": top, "last": 0,
            },
            work, payloads.equal_channels(a["multiplier"], c),
            writes={"logits": words.reshape(-1)})
        return array, epilogue

    def _softmax(
        self, stage: Attention, head: int, group: int, queries: range
    ) -> Instruction:
        c, op = self.configuration, stage.softmax
        tokens = op.output.shape[-1]
        names = ("multiplier", "shift", "threshold_a", "threshold_b", "threshold_shift")
        groups = -(-len(queries) // WORD)
        words = np.arange(groups)[:, np.newaxis] * c.tokens + np.arange(tokens)
        return Instruction(
            Unit.SOFTMAX,
            {
                "logit_base": 0, "group_stride": c.tokens, "code_base": 0, "keys": tokens,
                "queries": len(queries), **{name: op.attributes[name] for name in names},
                "top": (1 << op.output.bits) - 1,
            },
            Work(op.name, op.kind, op.output.name, range(tokens), self._columns(queries), head,
                 group),
            reads={"logits": words.reshape(-1)}, writes={"codes": np.arange(tokens)})

    def _values(
        self, stage: Attention, head: int, group: int, queries: range
    ) -> Instruction:
        op, a = stage.attention_value, stage.attention_value.attributes
        tokens = stage.value.output.shape[0]
        v, target = (self.places.regions[tensor.name] for tensor in (
            stage.value.output, op.output))
        tiles = self._tiles(op.output.name, head, a["heads"])
        even, odd, shift = a["multipliers"]
        channels = target.channels[tiles.start:tiles.stop].reshape(-1)
        return Instruction(
            Unit.ATTENTION,
            {
                "code_base": 0, "keys": tokens, "queries": len(queries),
                "value_base": v.address(0, tiles.start), "value_row_stride": v.row_stride,
                "channel_tiles": len(tiles), "base": target.address(queries.start, tiles.start),
                "row_stride": target.row_stride, "tile_stride": target.tile_stride,
                "two_digits": int(target.tile_stride > 1),
                "value_zero_point": a["v_zero_point"], "multiplier_even": even,
                "multiplier_odd": odd,
                # Codes of fewer bits are shifted further in a unit of more.
                "shift": shift + fraction_bits(self.configuration.attention_bits)
                - fraction_bits(a["softmax_bits"]),
                "zero_point": op.output.zero_point, "top": op.output.limits()[1],
            },
            Work(op.name, op.kind, op.output.name, queries, tuple(channels.tolist()), head, group),
            reads={"codes": np.arange(tokens), v.buffer: v.words(range(tokens), tiles)},
            writes={target.buffer: target.words(queries, tiles)})
