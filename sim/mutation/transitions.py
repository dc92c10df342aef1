"""Transition systems of yosys (BTOR2) as solver terms: outputs and next states from any leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bitwuzla import Bitwuzla, Kind, Option, Options, Term, TermManager

_UNARY = {"not": Kind.BV_NOT, "neg": Kind.BV_NEG, "redand": Kind.BV_REDAND}
_UNARY |= {"redor": Kind.BV_REDOR, "redxor": Kind.BV_REDXOR}
_BINARY = {
    "and": Kind.BV_AND, "or": Kind.BV_OR, "xor": Kind.BV_XOR, "xnor": Kind.BV_XNOR,
    "nand": Kind.BV_NAND, "nor": Kind.BV_NOR, "add": Kind.BV_ADD, "sub": Kind.BV_SUB,
    "mul": Kind.BV_MUL, "sll": Kind.BV_SHL, "srl": Kind.BV_SHR, "sra": Kind.BV_ASHR,
    "concat": Kind.BV_CONCAT,
}
_COMPARED = {
    "eq": Kind.EQUAL, "neq": Kind.DISTINCT, "ult": Kind.BV_ULT, "ulte": Kind.BV_ULE,
    "ugt": Kind.BV_UGT, "ugte": Kind.BV_UGE, "slt": Kind.BV_SLT, "slte": Kind.BV_SLE,
    "sgt": Kind.BV_SGT, "sgte": Kind.BV_SGE,
}
_EXTENDED = {"uext": Kind.BV_ZERO_EXTEND, "sext": Kind.BV_SIGN_EXTEND}


@dataclass(frozen=True)
class Step:
    """What one clock cycle makes of its leaves: ``outputs`` by name, ``states`` by line."""

    outputs: dict
    states: dict


class TransitionSystem:
    """A parsed BTOR2 file: one line a node, named inputs and outputs, states with a next value.

    Attributes
    ----------
    inputs, states : dict
        Line to width; ``names`` has the input's name (nameless ones are bits without a driver).
    """

    def __init__(self, text: str, manager: TermManager | None = None) -> None:
        self.manager = manager or TermManager()
        self.inputs: dict[int, int] = {}
        self.states: dict[int, int] = {}
        self.names: dict[int, str] = {}
        self._widths: dict[int, int] = {}
        self._nodes: list[tuple] = []
        self._next: dict[int, int] = {}
        self._outputs: dict[str, int] = {}
        for line in text.splitlines():
            words = line.partition(";")[0].split()
            if words:
                self._read(int(words[0]), *words[1:])

    def _read(self, line, kind, *words):
        if kind == "sort":
            if words[0] != "bitvec":
                raise ValueError(f"BTOR2 sort must be bitvec, not {words[0]!r}")
            self._widths[line] = int(words[1])
        elif kind in ("input", "state"):
            (self.inputs if kind == "input" else self.states)[line] = self._widths[int(words[0])]
            self.names[line] = words[1] if len(words) > 1 else ""
        elif kind == "output":
            self._outputs[words[1]] = int(words[0])
        elif kind == "next":
            self._next[int(words[1])] = int(words[2])
        elif kind != "init":  # equal states at the start are all that is asked of them
            self._nodes.append((line, kind, self._widths[int(words[0])], words[1:]))

    def variable(self, width: int, name: str = "") -> Term:
        return self.manager.mk_const(self.manager.mk_bv_sort(width), name)

    def value(self, width: int, number: int) -> Term:
        return self.manager.mk_bv_value(self.manager.mk_bv_sort(width), number)

    def solver(self, seconds: float = 0) -> Bitwuzla:
        """A solver that gives counterexamples; without a limit of time by default."""
        options = Options()
        options.set(Option.PRODUCE_MODELS, True)
        options.set(Option.TIME_LIMIT_PER, round(seconds * 1000))
        return Bitwuzla(self.manager, options)

    def number(self, term: Term) -> int:
        """The integer that a term without variables is."""
        solver = self.solver()
        solver.check_sat()
        return int(solver.get_value(term).value(10))

    def step(self, leaves: Mapping[Any, Term]) -> Step:
        """The :class:`Step` for a term of every input and state, by line.

        A chosen constant folds what it selects, so that equal parts of two steps are one term.
        """
        terms = dict(leaves)
        for line, kind, width, words in self._nodes:
            terms[line] = self._node(kind, width, words, terms)
        return Step(
            {name: terms[line] for name, line in self._outputs.items()},
            {state: terms[line] for state, line in self._next.items()},
        )

    def _node(self, kind, width, words, terms):
        make = self.manager.mk_term
        if kind == "const":
            return self.manager.mk_bv_value(self.manager.mk_bv_sort(width), words[0], 2)
        if kind in _EXTENDED:
            return make(_EXTENDED[kind], [terms[int(words[0])]], [int(words[1])])
        if kind == "slice":
            upper, lower = int(words[1]), int(words[2])
            return make(Kind.BV_EXTRACT, [terms[int(words[0])]], [upper, lower])
        operands = [terms[int(word)] for word in words]
        if kind in _UNARY:
            return make(_UNARY[kind], operands)
        if kind in _BINARY:
            return make(_BINARY[kind], operands)
        if kind in _COMPARED:
            if kind == "eq" and all(term.is_value() for term in operands):
                return self.value(1, int(operands[0] == operands[1]))
            return self._bit(make(_COMPARED[kind], operands))
        if kind == "ite":
            condition, then, other = operands
            if condition.is_value():
                return then if condition == self.value(1, 1) else other
            return make(Kind.ITE, [self.holds(condition), then, other])
        raise ValueError(f"BTOR2 operator {kind!r} is not known here")

    def _bit(self, condition):
        return self.manager.mk_term(Kind.ITE, [condition, self.value(1, 1), self.value(1, 0)])

    def holds(self, bit: Term) -> Term:
        """A one-bit term as a condition."""
        return self.manager.mk_term(Kind.EQUAL, [bit, self.value(1, 1)])
