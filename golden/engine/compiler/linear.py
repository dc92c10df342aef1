"""Linear layers as instructions: an output tile of the array, and the epilogue that drains it."""

from dataclasses import replace

import numpy as np

from vit2rtl.golden.engine.compiler import payloads
from vit2rtl.golden.engine.compiler.groups import Part
from vit2rtl.golden.engine.compiler.instruction import TABLE, Instruction, Words, Work
from vit2rtl.golden.engine.compiler.places import Places, Target
from vit2rtl.golden.engine.compiler.region import Region, tiles_of
from vit2rtl.golden.engine.compiler.stages import Graph
from vit2rtl.golden.engine.instructions import WORD, Destination, Source, Unit
from vit2rtl.golden.engine.placement import NOWHERE
from vit2rtl.golden.engine.stationary import digits_of
from vit2rtl.golden.program.kinds.linear import centered_weight
from vit2rtl.golden.program.program import Op

SOURCES = {"normalized": Source.NORMALIZED, "attended": Source.ATTENDED, "keys": Source.KEYS,
           "hidden": Source.HIDDEN}
# Operands that only queries in the weights' place have.
NO_QUERIES = {
    "dynamic": 0, "query_base": 0, "query_row_stride": 0, "query_tile_stride": 0, "queries": 0,
    "query_zero_point": 0, "key_zero_point": 0,
}


class Linear:
    """Makes the two instructions of an op's output tile."""

    def __init__(self, graph: Graph, places: Places) -> None:
        self.graph, self.places = graph, places
        self.configuration = graph.configuration
        self._weights: tuple[str, np.ndarray] = ("", np.zeros(0))
        self._beats: dict[tuple[str, int], tuple[np.ndarray, int, np.ndarray]] = {}

    def tiles(self, op: Op) -> range:
        return range(len(self._channels(op)))

    def step(self, op: Op, part: Part, tile: int) -> tuple[Instruction, Instruction]:
        """Rows of one tile."""
        target = self.places.targets[op.name]
        chosen = self._channels(op)[tile]
        sums = Work(op.name, op.kind, op.output.name, part.rows, tuple(chosen.tolist()),
                    group=part.group, tile=tile)
        results = replace(
            sums, op=target.op.name, kind=target.op.kind, tensor=target.tensor,
            rows=range(part.rows.start + target.offset, part.rows.stop + target.offset),
            table=target.table.output.name if target.table else "")
        weights, digits, channels = self._payloads(op, tile, chosen)
        return (self._array(op, part, sums, weights, digits),
                self._epilogue(op, target, results, channels))

    def _source(self, op: Op) -> Region:
        region = self.places.regions.get(op.inputs[0])
        if region is None or region.buffer not in SOURCES:
            raise self.graph.refusal(op, f"its input {op.inputs[0]!r} is in no buffer that the "
                                     "array reads")
        return region

    def _channels(self, op: Op) -> np.ndarray:
        """int[tiles, columns]"""
        target = self.places.targets[op.name]
        if target.region is None:
            return tiles_of(op.output.shape[-1], self.configuration.columns)
        return target.region.channels

    def _payloads(
        self, op: Op, tile: int, chosen: np.ndarray
    ) -> tuple[np.ndarray, int, np.ndarray]:
        """Weights, their digits, channels; the same for all groups."""
        key = (op.name, tile)
        if key not in self._beats:
            if self._weights[0] != op.name:
                self._weights = op.name, centered_weight(op)
            inputs = self._source(op).channels.reshape(-1)
            present = (chosen[:, np.newaxis] != NOWHERE) & (inputs != NOWHERE)
            weight = np.where(present, self._weights[1][np.ix_(chosen, inputs)], 0)
            cut = digits_of(weight, self.configuration.base)
            if cut is None:
                raise self.graph.refusal(op, f"weights of channels {chosen.min()} to "
                                         f"{chosen.max()} have more than two digits")
            self._beats[key] = (payloads.weights(cut, self.configuration), len(cut.digits),
                                payloads.channels(op, chosen, self.configuration))
        return self._beats[key]

    def _array(
        self, op: Op, part: Part, work: Work, weights: np.ndarray, digits: int
    ) -> Instruction:
        source = self._source(op)
        bits = self.graph.tensors[op.inputs[0]].bits
        operands = {
            "source": SOURCES[source.buffer], "base": source.address(part.rows.start),
            "row_stride": source.row_stride, "tile_stride": source.tile_stride,
            "rows": len(part.rows), "k_tiles": source.tiles,
            "two_code_digits": int(self.configuration.code_digits(bits) > 1),
            "two_weight_digits": int(digits > 1), **NO_QUERIES,
        }
        return Instruction(
            Unit.MATMUL, operands, work, weights,
            reads={source.buffer: source.words(part.rows, source.every())})

    def _epilogue(
        self, op: Op, target: Target, work: Work, channels: np.ndarray
    ) -> Instruction:
        low, high = op.output.limits()
        operands = {
            "destination": target.destination, "table": int(target.table is not None),
            "add": int(target.add), "base": 0, "row_stride": 0, "group_stride": 0,
            "rows": len(work.rows), "groups": self._groups(target, work), "two_digits": 0,
            "shift_base": int(op.tensors["shift"].min()), "zero_point": op.output.zero_point,
            "low": low, "high": high, "last": 0,
        }
        reads: dict[str, np.ndarray] = {}
        writes: Words = {}
        if target.region is not None:
            region = target.region
            words = region.words(work.rows, range(work.tile, work.tile + 1))
            stream = region.buffer == "stream"
            operands |= {
                "base": region.address(work.rows.start, work.tile),
                "row_stride": region.row_stride, "group_stride": int(stream),
                "two_digits": int(not stream and region.tile_stride > 1),
            }
            if target.destination != Destination.OUTPUT:
                writes = {region.buffer: words}
            if target.add:
                reads[region.buffer] = words
        if target.table:
            reads[TABLE] = np.zeros(1, int)
        return Instruction(Unit.EPILOGUE, operands, work, channels, reads=reads, writes=writes)

    def _groups(self, target: Target, work: Work) -> int:
        """Of an epilogue's beats a row; logits end with the last channel's."""
        if target.destination == Destination.OUTPUT:
            return -(-len(work.filled()) // WORD)
        return self.configuration.columns // WORD
