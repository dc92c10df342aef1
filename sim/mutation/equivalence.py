"""Which mutants are no bugs: proved by induction to do the same wherever anyone may look."""

from math import inf
from time import process_time
from typing import Any, Protocol

from bitwuzla import Kind, Result, Term

from vit2rtl.sim.mutation.transitions import TransitionSystem

SECONDS_PER_QUERY = 10
SECONDS_PER_MUTANT = 40  # of this process, with all queries
# Ports that count only while another one of their stream or bus is high.
_VOUCHED = {"tdata": "tvalid", "tlast": "tvalid", "bresp": "bvalid", "rdata": "rvalid",
            "rresp": "rvalid"}
_RESET, _SELECT = "aresetn", "mutant"
_EQUAL = "equal"
# That the register of a line is equal, everywhere or where a bit (line, bit) is set.
Claim = tuple[Any, int]


class Mutated(Protocol):
    """Transition systems of a circuit with an input ``mutant``, and of what its inputs keep to."""

    @property
    def btor(self) -> str: ...

    @property
    def assumptions(self) -> str: ...


class Undecided(Exception):
    """The solver ran out of time."""


class Equivalence:
    """Compares mutants of one netlist with the original, both in every cycle under equal inputs.

    Equivalent means: from equal contents of the registers at power-up on, whatever the inputs do
    within the assumptions, every ``tready`` and ``tvalid`` that the unit gives is equal in every
    cycle, and so are ``tdata`` and ``tlast`` wherever their stream's ``tvalid`` is high; of
    AXI4-Lite, all of ``ready`` and ``valid``, and answers wherever they are valid.

    The invariant is found by elimination. It begins with "all registers are equal". A register
    that a step can make differ is released: what is claimed of it from then on is "equal where
    bit v is set", for every register bit v that reset clears (the stages' valid bits are among
    them), and each of these claims is given up when a step can break it. What is left is
    inductive, and has to imply equal outputs. A mutant that takes longer than
    ``SECONDS_PER_MUTANT`` is left undecided.

    Parameters
    ----------
    netlist : with ``btor`` and ``assumptions``
        vit2rtl.sim.mutation.netlist.MutatedNetlist, or the top of vit2rtl.sim.mutation.axi
    """

    def __init__(self, netlist: Mutated) -> None:
        self._until = inf
        self._system = system = TransitionSystem(netlist.btor)
        self._make = system.manager.mk_term
        self._inputs = {
            line: system.variable(width, system.names[line])
            for line, width in system.inputs.items()
        }
        self._states = {line: system.variable(width) for line, width in system.states.items()}
        lines = {name: line for line, name in system.names.items() if name}
        self._select = lines[_SELECT]
        self._assumed = self._assumption(netlist.assumptions, lines)
        self._original = system.step(self._leaves(0, {}))
        self._cleared = self._bits_cleared(self._inputs[lines[_RESET]])

    def proved(self, number: int) -> bool:
        """Whether mutant ``number`` is proved equivalent; undecided is not proved."""
        self._until = process_time() + SECONDS_PER_MUTANT
        released: dict[int, Term] = {}
        claims: set[Claim] = set()
        mutant = self._system.step(self._leaves(number, released))
        try:
            while True:
                known = self._known(released, claims)
                # Less and less is known: outputs that differ now differ in the end.
                if self._broken(known, self._owed_outputs(mutant)):
                    return False
                broken = self._broken(known, self._owed_states(mutant, released, claims))
                if not broken:
                    return True
                claims -= broken
                apart = [line for kind, line in broken if kind == _EQUAL]
                for line in apart:
                    released[line] = self._system.variable(self._system.states[line])
                    claims |= {(bit, line) for bit in self._cleared}
                if apart:
                    mutant = self._system.step(self._leaves(number, released))
        except Undecided:
            return False

    def _owed_outputs(self, mutant):
        """What must hold in every cycle."""
        original = self._original.outputs
        equal = {name: self._equal(original[name], mutant.outputs[name]) for name in original}
        for name, claim in equal.items():
            stream, _, port = name.rpartition("_")
            if port in _VOUCHED:
                offered = self._system.holds(original[f"{stream}_{_VOUCHED[port]}"])
                equal[name] = self._where(offered, claim)
        return equal

    def _owed_states(self, mutant, released, claims):
        """What must hold after every cycle, by the claim that it keeps up."""
        pairs = {line: (self._original.states[line], term) for line, term in mutant.states.items()}
        owed = {
            (_EQUAL, line): self._equal(*pair)
            for line, pair in pairs.items()
            if line not in released and pair[0] != pair[1]
        }
        for bit, line in claims:
            cleared = self._bit(self._original.states, bit)
            owed[bit, line] = self._where(cleared, self._equal(*pairs[line]))
        return owed

    def _known(self, released, claims):
        return [*self._assumed] + [
            self._where(
                self._bit(self._states, bit), self._equal(self._states[line], released[line])
            )
            for bit, line in sorted(claims)
        ]

    def _broken(self, known, owed):
        """Keys of conditions that one and the same counterexample breaks; empty: all hold."""
        if not owed:
            return set()
        manager = self._system.manager
        left = self._until - process_time()
        if left <= 0:
            raise Undecided
        solver = self._system.solver(min(SECONDS_PER_QUERY, left))
        for condition in known:
            solver.assert_formula(condition)
        all_hold = self._make(Kind.AND, [manager.mk_true(), *owed.values(), manager.mk_true()])
        solver.assert_formula(self._make(Kind.NOT, [all_hold]))
        result = solver.check_sat()
        if result == Result.UNKNOWN:
            raise Undecided
        if result == Result.UNSAT:
            return set()
        false = manager.mk_false()
        return {key for key, condition in owed.items() if solver.get_value(condition) == false}

    def _bits_cleared(self, reset):
        """Bits, as (line, bit), of the original's registers that are 0 after a cycle of reset."""
        in_reset = self._make(Kind.NOT, [self._system.holds(reset)])
        widths = self._system.states
        return [
            (line, bit)
            for line, after in self._original.states.items()
            if not self._broken(
                [in_reset], {line: self._equal(after, self._system.value(widths[line], 0))}
            )
            for bit in range(widths[line])
        ]

    def _assumption(self, text, lines):
        system = TransitionSystem(text, self._system.manager)
        leaves = {line: self._inputs[lines[name]] for line, name in system.names.items()}
        return [system.holds(term) for term in system.step(leaves).outputs.values()]

    def _leaves(self, number, released):
        selected = self._system.value(self._system.inputs[self._select], number)
        return {**self._inputs, **self._states, **released, self._select: selected}

    def _bit(self, states, bit):
        line, n = bit
        return self._system.holds(self._make(Kind.BV_EXTRACT, [states[line]], [n, n]))

    def _equal(self, a, b):
        return self._make(Kind.EQUAL, [a, b])

    def _where(self, condition, claim):
        return self._make(Kind.IMPLIES, [condition, claim])
