"""The face of a unit in simulation: its coverage bins, its naive Verilog, what is proved of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Field, Parameters
from vit2rtl.sim.coverage.points import Point

STREAM, FUNCTION = "stream contract", "function"
SPECIFICATION, EXHAUSTIVE = "specification", "exhaustive simulation"


@dataclass(frozen=True)
class Product:
    """A product of two fields of a lane, which solvers cannot take apart.

    signed    the field that is two's complement; RTL may multiply it in two parts and add
    unsigned  the other one
    computed  width of the unsigned field up to which a solver can do with products computed
    """

    signed: str
    unsigned: str
    computed: int

    def verilog(self) -> str:
        return f"{self.signed} * $signed({{1'b0, {self.unsigned}}})"


def _one(instance: Instance) -> int:
    return 1


@dataclass(frozen=True)
class Specification:
    """One lane as naively as Verilog can say it, for a unit whose elements have nothing in common.

    Written from the definition and from nothing in ``rtl``: the body of a module whose ports are
    the fields of an element and the configuration, where they lie in the unit's domain.

    body     instance -> statements of an ``always @*``; outputs are registers, ``k`` and ``n`` are
             variables, ``total`` is a signed one
    width    instance -> bits of ``total`` and ``product``
    product  what ``product``, a signed wire, is, where the body reads one
    """

    body: Callable[[Instance], Sequence[str]]
    width: Callable[[Instance], int] = _one
    product: Product | None = None


@dataclass(frozen=True)
class Part:
    """A property, for what it is claimed, and the instances that it is established for.

    instances       parameters of each, the others at their defaults; the first is the quickest
    configurations  for exhaustive simulation: settings, tables among them, that meet every input
    cycles          bounded: for so many cycles from reset; 0 for any number
    core            it is the claims of a component within, of the face's core with this name
    columns         for exhaustive simulation of a unit over rows: lengths of them
    """

    property: str
    scope: str
    instances: tuple[Parameters, ...]
    configurations: tuple[Mapping[str, int | Sequence[int]], ...] = ()
    cycles: int = 0
    core: bool = False
    columns: tuple[int, ...] = ()


STREAM_CONTRACT = Part(
    STREAM,
    "any traffic, stalls and resets; every payload; the default parameters with 1 and 2 lanes",
    ({"lanes": 1}, {"lanes": 2}),
)


@dataclass(frozen=True)
class Core:
    """A component within a unit that is proved apart, with all its inputs free.

    components  instance -> Amaranth components by module name
    claims      instance -> Verilog of a module ``claims`` around them, clocked by ``clk``, with
                assertions; like a specification written from the definition and nothing in ``rtl``
    cycles      from reset, after which the claims have been looked at
    free        products within are any numbers, what the claims say of them apart
    """

    components: Callable[[Instance], Mapping[str, Any]]
    claims: Callable[[Instance], str]
    cycles: int
    free: bool = False


@dataclass(frozen=True)
class Face:
    """What simulation and proofs know of a unit, beside its golden description.

    bins           instance -> points of values that simulations must reach
    specification  what the function of a lane-wise unit is proved equal to
    model          of a unit that holds something over a row: instance -> naive Verilog module
                   ``model``, clocked by ``clk``, cleared while ``aresetn`` is low. Of each stream
                   ``s`` that enters it has inputs ``s_taken`` and ``s``, of each that leaves
                   outputs ``s_due`` and ``s``: a beat with its last above the lanes; and the
                   configuration as inputs. Due is what a beat completes, in the cycle it is taken
    waits          streams that enter and that the model cannot always take: it has an output
                   ``s_open`` for each, whether it takes a beat
    pauses         streams that enter and have a pause after each row: nothing follows its ``last``
                   at once
    contract       the same for the contract alone: of beats that leave only the last counts
    cores          components within that are proved apart, by the property of their part
    plan           what is established, in the order in which it is
    mutated        parameters of what is mutated, where not the defaults: a memory with many rows is
                   more than a mutant's solver can hold
    interval       instance -> cycles that it takes for a beat when nothing stalls, of its
                   longest rows
    """

    bins: Callable[[Instance], Iterable[Point]]
    specification: Specification | None = None
    model: Callable[[Instance], str] | None = None
    waits: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
    contract: Callable[[Instance], str] | None = None
    cores: Mapping[str, Core] = field(default_factory=dict)
    plan: tuple[Part, ...] = ()
    interval: Callable[[Instance], int] = _one
    mutated: Parameters = field(default_factory=dict)


def condition(instance: Instance, fields: Iterable[Field]) -> str:
    """Verilog condition on fields of one element and on configuration: the unit's domain.

    Signals are named as the fields; what is not among them counts as 0.
    """
    by_name = {field.name: field for field in fields}
    terms = [f"{f.name} <= {f.top}" for f in by_name.values() if f.top is not None]
    terms += [limit.verilog(by_name) for limit in instance.domain]
    return " && ".join(terms) or "1"
