"""How the engine computes a kind of op: what of it fits, and which units do it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from vit2rtl.golden.engine.configuration import DIGITS, Configuration
from vit2rtl.golden.program.conditions import first
from vit2rtl.golden.program.program import Op, Tensor

Limits = Callable[[Op, Sequence[Tensor], Configuration], str | None]


@dataclass(frozen=True, kw_only=True)
class Placement:
    """A kind of op in the engine.

    limits  (op, tensors that it takes, configuration) -> what does not fit, or None
    """

    limits: Limits


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
