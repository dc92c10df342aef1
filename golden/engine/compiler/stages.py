"""A program cut into what is compiled together: attentions, and ops between them, row by row."""

from collections import defaultdict
from dataclasses import dataclass, field

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.program.program import IntegerProgram, Op


def refusal(op: Op, configuration: Configuration, problem: str) -> ValueError:
    """As :func:`vit2rtl.golden.engine.check` says it."""
    return ValueError(f"op {op.name!r} does not fit the engine {configuration.name}: {problem}")


@dataclass(frozen=True)
class Attention:
    """The ops of one attention; the first three are linear."""

    query: Op
    key: Op
    value: Op
    query_key: Op
    softmax: Op
    attention_value: Op

    @property
    def ops(self) -> tuple[Op, ...]:
        return (self.query, self.key, self.value, self.query_key, self.softmax,
                self.attention_value)


@dataclass
class Rows:
    """Ops between two attentions: a row of their results needs one row, so groups go alone.

    patches  the image's, up to the residual stream
    tokens   of all tokens
    others   of those that the head looks at
    """

    patches: list[Op] = field(default_factory=list)
    tokens: list[Op] = field(default_factory=list)
    others: list[Op] = field(default_factory=list)

    @property
    def ops(self) -> tuple[Op, ...]:
        return (*self.patches, *self.tokens, *self.others)


class Graph:
    """Who makes each tensor and who takes it.

    raises   ValueError where there is no residual stream
    """

    def __init__(self, program: IntegerProgram, configuration: Configuration) -> None:
        if not any(op.kind == "embed" for op in program.ops):
            raise ValueError(f"The program does not fit the engine {configuration.name}: it has no "
                             "op embed, which begins the residual stream")
        self.program, self.configuration = program, configuration
        self.tensors = program.tensors()
        self.makers = {op.output.name: op for op in program.ops}
        self.takers: dict[str, list[tuple[Op, int]]] = defaultdict(list)
        for op in program.ops:
            for place, name in enumerate(op.inputs):
                self.takers[name].append((op, place))

    def kinds(self, name: str) -> set[tuple[str, int]]:
        """(kind, place) of what takes a tensor."""
        return {(op.kind, place) for op, place in self.takers[name]}

    def taker(self, op: Op, kind: str) -> Op:
        """The only op that takes another's output; it must be of a kind."""
        takers = self.takers[op.output.name]
        if len(takers) != 1 or takers[0][0].kind != kind:
            raise self.refusal(op, f"its output must go to one {kind} and nowhere else")
        return takers[0][0]

    def refusal(self, op: Op, problem: str) -> ValueError:
        return refusal(op, self.configuration, problem)

    def linear(self, op: Op, place: int) -> Op:
        """The linear layer that makes one of an attention's inputs."""
        maker = self.makers.get(op.inputs[place])
        if maker is None or maker.kind != "linear":
            raise self.refusal(op, "its inputs must come from linear layers")
        if len(self.takers[op.inputs[place]]) > 1:
            raise self.refusal(maker, "its output must go to one op of an attention")
        return maker

    @property
    def tokens(self) -> int:
        """Of the residual stream."""
        return next(op for op in self.program.ops if op.kind == "embed").output.shape[0]


def stages(graph: Graph) -> list[Attention | Rows]:
    """The program's ops in an order that the engine can run."""
    result: list[Attention | Rows] = []
    attentions = {op.name: _attention(graph, op) for op in graph.program.ops
                  if op.kind == "query_key"}
    theirs = {op.name for attention in attentions.values() for op in attention.ops}
    rows = Rows()
    for op in graph.program.ops:
        if op.kind == "query_key":
            result += [rows, attentions[op.name]]
            rows = Rows()
        elif op.name not in theirs:
            if op.kind in ("softmax", "attention_value"):
                raise graph.refusal(op, "it belongs to no attention")
            _sorted(graph, rows, op).append(op)
    return [*result, rows]


def _attention(graph: Graph, query_key: Op) -> Attention:
    softmax = graph.taker(query_key, "softmax")
    attention_value = graph.taker(softmax, "attention_value")
    return Attention(
        graph.linear(query_key, 0), graph.linear(query_key, 1), graph.linear(attention_value, 1),
        query_key, softmax, attention_value)


def _sorted(graph: Graph, rows: Rows, op: Op) -> list[Op]:
    if op.kind == "patches" or ("embed", 0) in graph.kinds(op.output.name):
        return rows.patches
    return rows.tokens if op.output.shape[:1] == (graph.tokens,) else rows.others
