"""What a hardware unit is: streams, tables, configuration, the golden function, its domain.

A unit is described by data alone. ``rtl`` builds ports from this description, ``golden.vectors``
packs files by it, ``sim`` proves and covers by it, so that no two of them can disagree.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# An integer, or one of the choices of its Parameter.
Parameters = Mapping[str, Any]
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Field:
    """A number in a lane, a table or a configuration input: ``width`` bits, two's complement if
    signed.

    ``top`` is the largest value where not every pattern of the bits is one (an extra zero code).
    ``channel``: one value an output channel, the same for every token, so that a table can hold it.
    ``shape``: a configuration input that says how long rows are, so that a record's own fits it
    alone.
    ``meaning`` is what people read beside the port.
    """

    name: str
    width: int
    signed: bool = False
    top: int | None = None
    channel: bool = False
    shape: bool = False
    meaning: str = field(default="", compare=False)

    @property
    def range(self) -> tuple[int, int]:
        """Smallest and largest value."""
        limit = 1 << (self.width - self.signed)
        return (-limit if self.signed else 0), limit - 1 if self.top is None else self.top


@dataclass(frozen=True)
class Parameter:
    """A constructor parameter: an integer from ``low`` to ``high``, or one of ``choices``."""

    default: int | str
    description: str
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()

    def check(self, name: str, value: int | str) -> None:
        """TypeError or ValueError, naming the parameter, unless the value is one of these."""
        title = name.replace("_", " ").capitalize()
        if self.choices:
            if value not in self.choices:
                raise ValueError(f"{title} must be one of {', '.join(self.choices)}, not {value!r}")
        elif isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{title} must be an integer, not {value!r}")
        elif not self.low <= value <= self.high:
            raise ValueError(f"{title} must be between {self.low} and {self.high}, not {value!r}")


@dataclass(frozen=True)
class Stream:
    """A valid/ready stream of beats, ``lanes`` elements each; it is called ``i*`` or ``o*``.

    The first field of an element is in its least significant bits, lane 0 in those of the beat. An
    element whose lane the data do not fill repeats the last element.

    rows     elements come in rows: each begins a beat, ``last`` marks its last beat, the rows of a
             record are equally long. Else elements follow each other without gaps, and ``last``
             travels with its beat
    entries  a table of so many elements, which the unit keeps until they come again: one row, sent
             while nothing is inside; 0 where the stream is no table
    """

    name: str
    fields: tuple[Field, ...]
    lanes: int
    rows: bool = False
    entries: int = 0

    @property
    def enters(self) -> bool:
        """Whether the unit takes it."""
        return self.name.partition("_")[0] == "i"

    @property
    def axi(self) -> str:
        """Prefix of its AXI4-Stream ports: ``s_axis``, ``m_axis_sums``."""
        side, _, rest = self.name.partition("_")
        return "_".join(["s_axis" if side == "i" else "m_axis", *([rest] if rest else [])])

    @property
    def lane_bits(self) -> int:
        return sum(f.width for f in self.fields)

    @property
    def beat_bits(self) -> int:
        """Bits of one beat's lanes."""
        return self.lanes * self.lane_bits

    @property
    def tdata_width(self) -> int:
        """Bits of TDATA: the lanes without gaps, padded with zeros to whole bytes."""
        return (self.beat_bits + 7) // 8 * 8

    def beats(self, columns: int) -> int:
        """Beats of a row of so many elements."""
        return -(-columns // self.lanes)


@dataclass(frozen=True)
class Limit:
    """Part of a unit's domain: a sum of fields and configuration inputs lies between two numbers.

    terms  name of a field -> integer factor; what the instance does not have counts as 0
    """

    terms: Mapping[str, int]
    low: int | None = None
    high: int | None = None

    def __str__(self) -> str:
        terms = [f"{'-' if k < 0 else '+'} {'' if abs(k) == 1 else f'{abs(k)} '}{name}"
                 for name, k in self.terms.items()]
        text = " ".join(terms).removeprefix("+ ")
        low = "" if self.low is None else f"{self.low} <= "
        return f"{low}{text}{'' if self.high is None else f' <= {self.high}'}"

    def holds(self, values: Arrays) -> np.ndarray:
        """bool[...], element by element, of arrays by name that broadcast."""
        total = sum((np.asarray(values[name], dtype=np.int64) * k
                     for name, k in self.terms.items() if name in values), start=np.int64(0))
        inside = np.ones(np.shape(total), dtype=bool)
        if self.low is not None:
            inside &= total >= self.low
        if self.high is not None:
            inside &= total <= self.high
        return inside

    def verilog(self, fields: Mapping[str, Field]) -> str:
        """The condition on signals named as the fields, wide enough for every value of them."""
        terms = {fields[name]: k for name, k in self.terms.items() if name in fields}
        reach = sum(max(map(abs, f.range)) * abs(k) for f, k in terms.items())
        bounds = [abs(bound) for bound in (self.low, self.high) if bound is not None]
        bits = max(reach, *bounds).bit_length() + 2
        # A factor and an operand of as many bits, all signed: nothing is cut or extended by zeros.
        signals = [f"$signed({f.name})" if f.signed else f"$signed({{1'b0, {f.name}}})"
                   for f in terms]
        total = " + ".join(f"{bits}'sd0 + {signal}" if k == 1 else f"{_literal(k, bits)} * {signal}"
                           for signal, k in zip(signals, terms.values(), strict=True))
        total = total or _literal(0, bits)
        return " && ".join(f"({total} {sign} {_literal(bound, bits)})"
                           for sign, bound in (("<=", self.high), (">=", self.low))
                           if bound is not None)


def _literal(value: int, bits: int) -> str:
    return f"-{bits}'sd{-value}" if value < 0 else f"{bits}'sd{value}"


@dataclass(frozen=True)
class Case:
    """A directed record, by slow oracles of the unit's own: arrays by field name and settings.

    inputs, outputs  int[elements] a field, or int[..., columns] on a stream of rows
    configuration    an int a configuration input, int[entries] a table
    notes            field -> remarks for the manifest
    """

    name: str
    inputs: Arrays
    outputs: Arrays
    configuration: Mapping[str, int | np.ndarray] = field(default_factory=dict)
    notes: Mapping[str, Mapping] = field(default_factory=dict)


def _nothing(parameters: Parameters) -> tuple:
    return ()


def _nothing_refused(parameters: Parameters) -> str | None:
    return None


def _no_roms(parameters: Parameters) -> dict[str, tuple[int, ...]]:
    return {}


@dataclass(frozen=True)
class Unit:
    """A hardware unit; callables take its parameters, all of them given.

    streams        what goes in and out, inputs first; field names are unique within the unit
    configuration  inputs that are set while nothing is inside
    evaluate       ``(parameters, inputs, settings)``: the golden function, arrays by field name in
                   and out; settings are configuration inputs and tables, by field name
    domain         what inputs and settings keep to, beyond the ranges of their fields
    rounding       how the golden function rounds, for people
    directed       ``(parameters)`` -> directed cases
    refused        ``(parameters)`` -> why they do not go together, a sentence; None where they do
    roms           fixed tables within, by name, that RTL of one's own needs as well
    """

    name: str
    component: str
    summary: str
    parameters: Mapping[str, Parameter]
    streams: Callable[[Parameters], tuple[Stream, ...]]
    evaluate: Callable[[Parameters, Arrays, Mapping], Arrays]
    rounding: str
    configuration: Callable[[Parameters], tuple[Field, ...]] = _nothing
    domain: Callable[[Parameters], tuple[Limit, ...]] = _nothing
    directed: Callable[[Parameters], Iterator[Case]] | None = None
    refused: Callable[[Parameters], str | None] = _nothing_refused
    roms: Callable[[Parameters], Mapping[str, tuple[int, ...]]] = _no_roms

    def resolve(self, **parameters: int | str) -> dict[str, Any]:
        """Parameters with defaults filled in, each checked; errors name the parameter."""
        unknown = sorted(set(parameters) - set(self.parameters))
        if unknown:
            raise ValueError(
                f"{self.component} has no parameter {unknown[0]!r}; "
                f"it has {', '.join(self.parameters)}"
            )
        resolved = {k: parameters.get(k, p.default) for k, p in self.parameters.items()}
        for name, value in resolved.items():
            self.parameters[name].check(name, value)
        if reason := self.refused(resolved):
            raise ValueError(reason)
        return resolved
