"""How the engine computes a kind of op: what of it fits, and which units do it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from vit2rtl.golden.engine.configuration import DIGITS, Configuration
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.units import Instance

Limits = Callable[[Op, Sequence[Tensor], Configuration], str | None]
Arrays = Mapping[str, np.ndarray]
# Places of elements that are nothing of the op's output: filled up to a whole tile.
NOWHERE = -1


@dataclass(frozen=True, kw_only=True)
class UnitRecord:
    """What a unit does of an op, as a record of a bundle of units.

    instance         of the unit
    part             what it gives where that is not the op's output: "accumulators"
    inputs, outputs  arrays by field name, settings: configuration and tables, all as
                     :meth:`vit2rtl.golden.vectors.bundle_writer.BundleWriter.add` takes them
    places           {field of an output: int[...]}: for each of its elements the index in the op's
                     output, flattened; ``NOWHERE`` where it has none
    """

    instance: Instance
    part: str = ""
    inputs: Arrays
    outputs: Arrays
    settings: Mapping[str, int | np.ndarray] = field(default_factory=dict)
    places: Arrays


@dataclass(frozen=True)
class Use:
    """An op with the elements of one image.

    inputs, output   what goes in and must come out, [*shape] each
    tensors          of the inputs
    """

    op: Op
    tensors: Sequence[Tensor]
    inputs: Sequence[np.ndarray]
    output: np.ndarray


Records = Callable[[Use, Configuration], Iterator[UnitRecord]]


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A kind of op in the engine.

    limits   (op, tensors that it takes, configuration) -> what does not fit, or None
    records  (use, configuration) -> what units do of it, in order; None where it only moves
             elements, by addresses
    """

    limits: Limits
    records: Records | None = None


def at_most(what: str, value: int, most: int, where: str) -> str | None:
    """A size or a width that the configuration bounds."""
    return None if value <= most else f"{what} is {value}, and {where} has {most}"


def code_digits(codes: Tensor, configuration: Configuration, what: str) -> str | None:
    """Codes that stream through the array take two digits at most."""
    if configuration.code_digits(codes.bits) <= DIGITS and not codes.signed:
        return None
    kind = "signed" if codes.signed else "unsigned"
    return (f"{what} has {kind} codes of {codes.bits} bits, and the array takes unsigned ones of "
            f"at most {DIGITS * configuration.base}")


def stationary(low: int, high: int, configuration: Configuration, what: str) -> str | None:
    """Weights, or centered codes that take their place, have two digits at most."""
    if configuration.stationary_digits(low, high) <= DIGITS:
        return None
    most = 1 << DIGITS * configuration.base
    return f"{what} lies in {low} to {high}, and the array takes {-most} to {most - 1}"


def centered(zero_point: int, most: int, what: str) -> str | None:
    """Units subtract zero points from 0 to one above the codes."""
    if 0 <= zero_point <= most:
        return None
    return f"the zero point of {what} is {zero_point}, and it must lie in 0 to {most}"


def buffered(codes: Tensor, configuration: Configuration, buffer: str) -> str | None:
    """The codes of all tokens fit a buffer of digits, named as the configuration's field."""
    digits = configuration.code_digits(codes.bits)
    return at_most(f"the number of digits of {codes.name!r}", prod(codes.shape) * digits,
                   getattr(configuration, buffer), f"the buffer {buffer}")


def streamed(stream: Tensor, configuration: Configuration) -> str | None:
    """The residual stream fits its buffer."""
    return first((
        at_most(f"the width of {stream.name!r}", stream.bits, 16, "the residual stream"),
        at_most(f"the size of {stream.name!r}", prod(stream.shape), configuration.stream,
                "the residual stream"),
    ))
