"""Whether every word that is read is the one that is meant: executed on names in place of numbers.

Every write leaves in its words which tensor, row and place of the row they are; every read is asked
whether it finds what its op takes. In the order of the stream, which :mod:`races` shows to be as
good as any that the engine can take.
"""

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from vit2rtl.golden.engine.compiler.accesses import Accesses
from vit2rtl.golden.engine.compiler.instruction import Work
from vit2rtl.golden.engine.decoding import Decoded
from vit2rtl.golden.engine.instructions import WORD, Destination, Load, Unit
from vit2rtl.golden.program.program import IntegerProgram, Op

# Of a name: tensor, then head and row, then the place in a row.
_ROW, _PLACE = 1 << 20, 1 << 20
Names = list[np.ndarray]


class Producers:
    """Names of words, and the checks of instructions one after the other."""

    def __init__(self, program: IntegerProgram, columns: int, depths: dict[str, int]) -> None:
        self.ops = {op.name: op for op in program.ops}
        self.makers = {op.output.name: op for op in program.ops}
        self.columns = columns
        self.memories = {name: np.full(depth, -1) for name, depth in depths.items()}
        self.tensors: dict[str, int] = {}
        self.layernorm = ""
        self.tiles: deque[Op] = deque()

    def wrong(self, one: Decoded, work: Work, touched: Accesses) -> Iterator[str]:
        """What an instruction reads that it must not; then its words have its names."""
        reads, writes = self._names(one, work)
        for access, names in zip(touched.reads, reads, strict=True):
            read = self.memories[access.buffer][access.words]
            if not np.array_equal(read, np.broadcast_to(names, read.shape)):
                place = tuple(np.argwhere(read != names)[0])
                yield (f"reads word {access.words[place]} of {access.buffer}, which is "
                       f"{self._spelled(int(read[place]))}, not "
                       f"{self._spelled(int(np.broadcast_to(names, read.shape)[place]))}")
        for access, names in zip(touched.writes, writes, strict=True):
            self.memories[access.buffer][access.words] = names
        if one.unit == Unit.LAYERNORM:
            if one.operands["table"]:
                self.layernorm = work.op
            if self.layernorm != work.op:
                yield f"has the table of {self.layernorm or 'nothing'}"

    def _names(self, one: Decoded, work: Work) -> tuple[Names, Names]:
        """Of what an instruction has to read, and of what it writes."""
        names = {
            Unit.LOAD: self._load, Unit.MATMUL: self._matmul, Unit.EPILOGUE: self._epilogue,
            Unit.LAYERNORM: self._layernorm, Unit.SOFTMAX: self._softmax,
            Unit.ATTENTION: self._attention,
        }
        return names[one.unit](one, work)

    def _name(self, tensor: str, rows: Sequence[int], places: Sequence[int],
              head: int = 0) -> np.ndarray:
        """int[rows, places]; rows of a selection are those that it selects."""
        maker = self.makers.get(tensor)
        if maker is not None and maker.kind == "select":
            return self._name(maker.inputs[0], [maker.attributes["tokens"][n] for n in rows],
                              places, head)
        number = self.tensors.setdefault(tensor, len(self.tensors))
        row = (number * _ROW + head * (_ROW >> 8)) + np.array(rows, int)
        return row[:, np.newaxis] * _PLACE + np.array(places, int)

    def _spelled(self, name: int) -> str:
        if name < 0:
            return "nothing"
        row, place = divmod(name, _PLACE)
        number, row = divmod(row, _ROW)
        head, row = divmod(row, _ROW >> 8)
        tensor = [*self.tensors][number]
        return f"{tensor!r}, head {head}, row {row}, word {place}"

    def _load(self, one: Decoded, work: Work) -> tuple[Names, Names]:
        if one.opcode == Load.TABLE:
            return [], [self._name(work.op, [0], [0])]
        count = one.operands["count"] * (1 + one.operands["two_digits"])
        words = range(count // len(work.rows))
        names = self._name(work.tensor, work.rows, words)
        if one.opcode == Load.STREAM:
            # Rows in front of the patches are as they are to be.
            op = self.ops[work.op]
            prefix = op.output.shape[0] - self.makers[op.inputs[0]].output.shape[0]
            others = self._name(_constants(op), work.rows, words)
            names = np.where(np.array(work.rows)[:, np.newaxis] < prefix, names, others)
        return [], [names.reshape(1, -1)]

    def _matmul(self, one: Decoded, work: Work) -> tuple[Names, Names]:
        f, op = one.operands, self.ops[work.op]
        self.tiles.append(op)
        digits = 1 + f["two_code_digits"]
        if not f["dynamic"]:
            return [self._name(op.inputs[0], work.rows, range(f["k_tiles"] * digits))], []
        head = work.head or 0
        keys = self._name(op.inputs[1], work.rows, _of_head(head, f["k_tiles"] * digits))
        words = _of_head(head, f["k_tiles"] * (1 + f["two_weight_digits"]))
        return [keys, self._name(op.inputs[0], work.filled(), words)], []

    def _epilogue(self, one: Decoded, work: Work) -> tuple[Names, Names]:
        f, op, layer = one.operands, self.ops[work.op], self.tiles.popleft()
        groups = range(work.tile * (self.columns // WORD),
                       work.tile * (self.columns // WORD) + f["groups"])
        digits = 1 + f["two_digits"]
        words = range(work.tile * digits, (work.tile + 1) * digits)
        reads = []
        if f["add"]:
            reads.append(self._name(_added_to(op), work.rows, groups))
        if f["table"]:
            reads.append(self._name(op.name, [0], [0]))
        if layer.name not in {op.name, *(self.makers[name].name for name in op.inputs)}:
            raise AssertionError(f"The epilogue of {op.name!r} drains a tile of {layer.name!r}")
        match f["destination"]:
            case Destination.OUTPUT:
                return reads, []
            case Destination.LOGITS:
                queries = range(0, self.columns, WORD)
                first = work.filled()[0]
                names = self._name(work.tensor, work.rows, [first + n for n in queries],
                                   work.head or 0)
                return reads, [names]
            case Destination.STREAM:
                return reads, [self._name(work.tensor, work.rows, groups)]
            case Destination.VALUES:
                words = range(work.tile, work.tile + 1)
        return reads, [self._name(work.table or work.tensor, work.rows, words)]

    def _layernorm(self, one: Decoded, work: Work) -> tuple[Names, Names]:
        f, op = one.operands, self.ops[work.op]
        read = self._name(op.inputs[0], work.rows, range(-(-f["columns"] // WORD)))
        words = -(-f["columns"] // self.columns) * (1 + f["two_digits"])
        return [read], [self._name(work.tensor, work.rows, range(words))]

    def _softmax(self, one: Decoded, work: Work) -> tuple[Names, Names]:
        op, queries = self.ops[work.op], work.filled()
        groups = [queries[0] + n for n in range(0, len(queries), WORD)]
        logits = self._name(op.inputs[0], work.rows, groups, work.head or 0).T
        return [logits], [self._name(work.tensor, work.rows, queries[:1], work.head or 0)]

    def _attention(self, one: Decoded, work: Work) -> tuple[Names, Names]:
        f, op, head = one.operands, self.ops[work.op], work.head or 0
        keys = range(f["keys"])
        codes = self._name(op.inputs[0], keys, [work.rows.start], head)
        values = self._name(op.inputs[1], keys, _of_head(head, f["channel_tiles"]))
        words = _of_head(head, f["channel_tiles"] * (1 + f["two_digits"]))
        return [codes, values], [self._name(work.tensor, work.rows, words)]


def _of_head(head: int, words: int) -> range:
    return range(head * words, (head + 1) * words)


def _constants(embed: Op) -> str:
    """The name of what the stream holds before anything is added."""
    return f"{embed.name} constants"


def _added_to(op: Op) -> str:
    """The tensor that an epilogue adds its results to."""
    return _constants(op) if op.kind == "embed" else op.inputs[0]
