"""How the engine computes a kind of op: what of it fits, and which units do it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np

from vit2rtl.golden.engine.configuration import DIGITS, Configuration
from vit2rtl.golden.program.program import Op, Tensor
from vit2rtl.golden.units import Instance

STREAM_BITS = 16
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


def buffered(
    codes: Tensor, configuration: Configuration, buffer: str, *, heads: int = 1,
    digits: int | None = None,
) -> str | None:
    """The codes of all tokens fit a buffer of digits, named as the configuration's field.

    heads    whose channels fill up words of their own
    digits   of a code, where it is not cut into the array's
    """
    size = filled_up(codes, configuration, heads) * (
        digits or configuration.code_digits(codes.bits))
    return at_most(f"the number of digits of {codes.name!r}", size,
                   getattr(configuration, buffer), f"the buffer {buffer}")


def filled_up(tensor: Tensor, configuration: Configuration, heads: int = 1) -> int:
    """Elements of a tensor, each head's channels filled up to whole words of a buffer."""
    channels = tensor.shape[-1] // heads
    return (prod(tensor.shape[:-1]) * heads * -(-channels // configuration.rows)
            * configuration.rows)


def one_image(tensor: Tensor, what: str) -> str | None:
    """Tokens are rows of one matrix: no windows."""
    if len(tensor.shape) == 2:
        return None
    return f"{what} has the shape {tensor.shape}, and the engine takes tokens × channels"


def code_width(
    codes: Tensor, configuration: Configuration, what: str, where: str
) -> str | None:
    """Codes of LayerNorm, attention × V and tables have a width of their own."""
    return at_most(f"the width of {what}", codes.bits, configuration.code_bits, where)


def streamed(stream: Tensor, configuration: Configuration) -> str | None:
    """The residual stream fits its buffer."""
    if (stream.bits, stream.signed) != (STREAM_BITS, True):
        sign = "signed" if stream.signed else "unsigned"
        return (f"{stream.name!r} has {sign} numbers of {stream.bits} bits, and the residual "
                f"stream signed ones of {STREAM_BITS}")
    return at_most(f"the size of {stream.name!r}", filled_up(stream, configuration),
                   configuration.stream, "the residual stream")
