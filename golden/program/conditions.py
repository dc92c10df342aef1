"""Conditions that several kinds of ops check: each gives what is wrong, or None."""

from collections.abc import Iterable
from math import prod

import numpy as np

from vit2rtl.golden.arithmetic.requantizer import MULTIPLIER_BITS, WINDOW
from vit2rtl.golden.program.program import Op, Tensor

# Of every op that requantizes (R1): a stand-alone unit takes two bits more.
MULTIPLIERS = (0, (1 << MULTIPLIER_BITS) - 1)
_CODES = ("bits", "signed", "encoding", "scale", "zero_point")


def same_codes(output: Tensor, *sources: Tensor) -> str | None:
    """Elements stand for the same everywhere."""
    if any(getattr(output, name) != getattr(source, name)
           for source in sources for name in _CODES):
        return "input and output must have the same codes"
    return None


def codes(*tensors: Tensor) -> str | None:
    """All of them are uniform codes."""
    if any(tensor.encoding != "uniform" for tensor in tensors):
        return "input and output must be codes"
    return None


def reals(*tensors: Tensor) -> str | None:
    """All of them are float64."""
    if any(tensor.encoding != "float64" for tensor in tensors):
        return "streams must be float64"
    return None


def follows(name: str, stated: object, derived: object) -> str | None:
    """A value that others decide is what they make it."""
    return None if stated == derived else f"{name} must be {derived}, not {stated}"


def first(problems: Iterable[str | None]) -> str | None:
    """The first problem that there is."""
    return next((problem for problem in problems if problem), None)


def equal_shapes(op: Op, *inputs: Tensor) -> str | None:
    """Both inputs and the output have one shape."""
    shapes = [tensor.shape for tensor in (*inputs, op.output)]
    if len({*shapes}) > 1:
        return f"shapes {', '.join(map(str, shapes[:-1]))} and {shapes[-1]} must be equal"
    return None


def bounded(stated: int, derived: int) -> str | None:
    """An accumulator's bound is the one that follows from the weights, and fits 32 bits."""
    if stated != derived:
        return f"accumulator bound is {derived}, not {stated}"
    return None if stated < 1 << 31 else f"accumulator bound {stated} does not fit 32 bits"


def windowed(shift: np.ndarray) -> str | None:
    """Shifts of an op's channels are a base and three bits above it (R1)."""
    low, high = int(shift.min()), int(shift.max())
    if high - low < WINDOW:
        return None
    return f"shifts must lie in a window of {WINDOW}, not in {low} to {high}"


def assert_bound(op: Op, acc: np.ndarray) -> None:
    """The program's promise about accumulators, asserted as it runs: ValueError."""
    bound = op.attributes["accumulator_bound"]
    if acc.size and max(-int(acc.min()), int(acc.max())) > bound:
        raise ValueError(f"Op {op.name}: an accumulator exceeds its bound of {bound}")


def affine_of_channels(op: Op, x: Tensor) -> str | None:
    """LayerNorm keeps the shape, and each of its constants has one element a channel."""
    if op.output.shape != x.shape or op.output.encoding not in ("uniform", "float64"):
        return "output must have the input's shape"
    bad = [role for role, array in op.tensors.items() if array.shape != x.shape[-1:]]
    return f"{bad[0]} must have the shape {x.shape[-1:]}" if bad else None


def factors_of_channels(op: Op) -> str | None:
    """A factor for each channel."""
    return follows("the shape of factors", op.tensors["factors"].shape, op.output.shape[-1:])


def constants_under(op: Op, tokens: Tensor) -> str | None:
    """Tokens are added to the last rows of ``constants``."""
    constants = op.tensors["constants"]
    if constants.shape != op.output.shape or len(tokens.shape) != len(constants.shape) or (
            tokens.shape[1:] != constants.shape[1:] or tokens.shape[0] > len(constants)):
        return f"constants {constants.shape} do not fit tokens {tokens.shape}"
    return None


def pooled(op: Op, x: Tensor) -> str | None:
    """All tokens become one."""
    if len(x.shape) != 2 or op.output.shape != (1, x.shape[1]):
        return f"input {x.shape} and output {op.output.shape} do not fit"
    return None


def logits_of_heads(op: Op, *heads: Tensor) -> str | None:
    """Heads of one shape become a row of logits."""
    shape = heads[0].shape
    if any(head.shape != shape for head in heads) or op.output.shape != (prod(shape),):
        return "heads must have one shape, and the output all of their logits"
    return None
