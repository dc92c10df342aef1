"""Where every tensor of a program lies, and where each linear layer's results go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from vit2rtl.golden.engine.compiler.allocation import Tenant, allocate
from vit2rtl.golden.engine.compiler.instruction import depths
from vit2rtl.golden.engine.compiler.region import Region, tiles_of
from vit2rtl.golden.engine.compiler.stages import Attention, Graph, Rows
from vit2rtl.golden.engine.instructions import WORD, Destination
from vit2rtl.golden.program.program import Op

# The buffers of codes that only one kind of op takes, by that kind and the input's place.
_TAKEN_BY = {
    ("query_key", 0): Destination.QUERIES, ("query_key", 1): Destination.KEYS,
    ("attention_value", 1): Destination.VALUES, ("linear", 0): Destination.HIDDEN,
}
_STREAMING = {("layernorm", 0), ("add", 0), ("select", 0)}


@dataclass(frozen=True)
class Target:
    """What becomes of a linear layer's results.

    op      the last op that the epilogue does
    tensor  that its values are
    region  where they go, or whose words they are added to; None where they only leave the engine
    offset  of rows
    add     to the residual stream
    table   the op of the activation behind it
    """

    destination: Destination
    op: Op
    tensor: str
    region: Region | None = None
    offset: int = 0
    add: bool = False
    table: Op | None = None


class Places:
    """Regions of tensors by name, and targets of linear layers by the op's name.

    raises   ValueError naming the op whose output the engine has no way for
    """

    def __init__(self, graph: Graph, ordered: Sequence[Attention | Rows]) -> None:
        self.graph, self.configuration = graph, graph.configuration
        ops = [op for stage in ordered for op in stage.ops]
        self._turn = {op.name: turn for turn, op in enumerate(ops)}
        self._roots: dict[str, str] = {}
        self._tenants: list[Tenant] = []
        targets = {op.name: self._target(op) for op in ops if op.kind == "linear"}
        for op in ops:
            self._place(op, targets)
        self._scratch(ops)
        self._live()
        try:
            regions = allocate(self._tenants, depths(self.configuration), graph.tokens)
        except ValueError as error:
            raise ValueError(f"The program does not fit the engine {self.configuration.name}: "
                             f"{error}") from error
        self.regions = self._views(ops, regions)
        self.targets = {
            name: replace(target, region=self.regions.get(target.tensor) or self.regions.get(
                target.table.output.name if target.table else target.tensor))
            for name, target in targets.items()
        }

    def _target(self, op: Op) -> Target:
        graph, kinds = self.graph, self.graph.kinds(op.output.name)
        name = op.output.name
        if kinds == {("embed", 0)}:
            embed = graph.taker(op, "embed")
            offset = embed.output.shape[0] - op.output.shape[0]
            return Target(Destination.STREAM, embed, embed.output.name, offset=offset, add=True)
        if kinds == {("add", 1)}:
            add = graph.taker(op, "add")
            return Target(Destination.STREAM, add, add.output.name, add=True)
        if kinds == {("table", 0)}:
            table = graph.taker(op, "table")
            if graph.kinds(table.output.name) != {("linear", 0)}:
                raise graph.refusal(table, "its output must go to linear layers")
            return Target(Destination.HIDDEN, table, name, table=table)
        if {kind for kind, _ in kinds} == {"average"}:
            return self._head(op, graph.taker(op, "average"))
        if len(kinds) == 1 and (destination := _TAKEN_BY.get(next(iter(kinds)))) is not None:
            return Target(destination, op, name)
        if kinds and kinds <= _STREAMING and op.output.signed:
            return Target(Destination.STREAM, op, name)
        raise graph.refusal(op, "the engine has no buffer for its output, which goes to "
                            + (", ".join(sorted(kind for kind, _ in kinds)) or "nothing"))

    def _head(self, op: Op, average: Op) -> Target:
        """Logits leave; those of a first head of two wait in the residual stream's buffer."""
        if len(average.inputs) > 2:
            raise self.graph.refusal(average, f"it adds the logits of {len(average.inputs)} heads")
        if op.output.shape[:-1] != (1,):
            raise self.graph.refusal(op, "a head gives one row of logits")
        if average.inputs[-1] != op.output.name:
            return Target(Destination.STREAM, op, op.output.name)
        return Target(Destination.OUTPUT, average, average.output.name,
                      add=len(average.inputs) > 1)

    def _place(self, op: Op, targets: dict[str, Target]) -> None:
        c, output = self.configuration, op.output
        match op.kind:
            case "linear":
                self._place_results(op, targets[op.name])
            case "layernorm":
                self._rent(output.name, "normalized", op, tiles_of(output.shape[1], c.columns),
                           c.code_digits(output.bits), output.shape[0])
            case "attention_value":
                tiles = tiles_of(output.shape[1], c.columns, op.attributes["heads"])
                self._rent(output.name, "attended", op, tiles, c.code_digits(output.bits),
                           output.shape[0])
            case "embed":
                self._rent(output.name, "stream", op, tiles_of(output.shape[1], c.columns),
                           c.columns // WORD, output.shape[0])
                self._tenants[-1].first = 0
            case "add":
                self._in_place(op)
            case "select":
                self._roots[output.name] = self._root(op.inputs[0], op)
            case "average":
                makers = (self.graph.makers.get(name) for name in op.inputs)
                if not all(maker and maker.kind == "linear" for maker in makers):
                    raise self.graph.refusal(op, "its inputs must come from linear layers")

    def _place_results(self, op: Op, target: Target) -> None:
        c, output = self.configuration, op.output
        if target.add or target.destination == Destination.OUTPUT or self._is_head(op):
            return
        stored = target.table.output if target.table else output
        digits = c.code_digits(stored.bits)
        heads = 1
        match target.destination:
            case Destination.VALUES:
                digits = 1
                heads = self.graph.takers[output.name][0][0].attributes["heads"]
            case Destination.QUERIES | Destination.KEYS:
                heads = self.graph.takers[output.name][0][0].attributes["heads"]
            case Destination.STREAM:
                digits = c.columns // WORD
            case Destination.HIDDEN:
                pass
        self._rent(stored.name, target.destination.name.lower(), op,
                   tiles_of(stored.shape[1], c.columns, heads), digits, stored.shape[0])

    def _is_head(self, op: Op) -> bool:
        return any(taker.kind == "average" for taker, _ in self.graph.takers[op.output.name])

    def _rent(self, name: str, buffer: str, op: Op, channels: np.ndarray, stride: int,
              rows: int) -> None:
        turn = self._turn[op.name]
        self._tenants.append(Tenant(name, buffer, rows, channels, stride, turn, turn))

    def _root(self, name: str, op: Op) -> str:
        """The tensor in whose place another one is."""
        root = self._roots.get(name, name)
        if not any(tenant.name == root for tenant in self._tenants):
            raise self.graph.refusal(op, f"its input {name!r} is in none of the engine's buffers")
        return root

    def _in_place(self, add: Op) -> None:
        """The sum takes the stream's place, which nobody may take any more."""
        stream, branch = add.inputs
        maker = self.graph.makers.get(branch)
        if maker is None or maker.kind != "linear":
            raise self.graph.refusal(add, "its second input must come from a linear layer")
        late = [taker for taker, _ in self.graph.takers[stream]
                if taker is not add and self._turn[taker.name] > self._turn[maker.name]]
        if late:
            raise self.graph.refusal(late[0], f"it takes {stream!r} after {add.name!r} took it")
        self._roots[add.output.name] = self._root(stream, add)

    def _scratch(self, ops: Sequence[Op]) -> None:
        """Room for logits that wait for another head's: whole rows of the residual stream."""
        for average in (op for op in ops if op.kind == "average" and len(op.inputs) > 1):
            first = self.graph.makers[average.inputs[0]]
            row = max(tenant.row_words for tenant in self._tenants if tenant.buffer == "stream")
            stride = self.configuration.columns // WORD
            tiles = -(-average.output.shape[0] // self.configuration.columns)
            rows = -(-tiles * stride // row)
            shape = np.zeros((row // stride, self.configuration.columns), int)
            self._rent(first.output.name, "stream", first, shape, stride, rows)
            self._roots[average.output.name] = first.output.name

    def _live(self) -> None:
        by_name = {tenant.name: tenant for tenant in self._tenants}
        for name, takers in self.graph.takers.items():
            tenant = by_name.get(self._roots.get(name, name))
            if tenant is not None:
                tenant.last = max([tenant.last, *(self._turn[op.name] for op, _ in takers)])

    def _views(self, ops: Sequence[Op], regions: dict[str, Region]) -> dict[str, Region]:
        regions = dict(regions)
        for op in ops:
            match op.kind:
                case "add":
                    regions[op.output.name] = regions[op.inputs[0]]
                case "select":
                    regions[op.output.name] = self._selected(op, regions[op.inputs[0]])
                case "average" if len(op.inputs) > 1:
                    scratch = regions[op.inputs[0]]
                    tiles = tiles_of(op.output.shape[0], self.configuration.columns)
                    for name in (op.inputs[0], op.output.name):
                        regions[name] = replace(scratch, channels=tiles)
        return regions

    def _selected(self, op: Op, source: Region) -> Region:
        tokens = op.attributes["tokens"]
        step = tokens[1] - tokens[0] if len(tokens) > 1 else 1
        if step < 1 or tokens != [*range(tokens[0], tokens[-1] + 1, step)]:
            raise self.graph.refusal(op, "the tokens that it takes have no constant step")
        return source.rows_from(tokens[0], step)
