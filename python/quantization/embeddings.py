"""Position embedding and class tokens as 16-bit codes of one scale, a power of two."""

from collections.abc import Sequence
from math import frexp

from torch import nn

EMBEDDING_BITS = 16


def step_of(reach: float) -> float:
    """The power of two whose 16-bit codes hold magnitudes up to ``reach``."""
    return 2.0 ** (frexp(reach)[1] - EMBEDDING_BITS + 1)


def round_embeddings(parameters: Sequence[nn.Parameter]) -> None:
    """To 16-bit codes of one scale, in place.

    The scale is a power of two, so that float32 holds every multiple of it, and leaves room for
    the sum of a class token and its position.
    """
    reach = sum(sorted(float(p.detach().abs().max()) for p in parameters)[-2:])
    # Codes of two parameters are rounded apart: a unit more in all.
    step = step_of(reach * (1 + 2.0**-12))
    for parameter in parameters:
        parameter.data = parameter.data.div(step).round_().mul_(step)
