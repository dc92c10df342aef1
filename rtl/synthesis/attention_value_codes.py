"""Kinds of codes of attention that lanes of attention × V are compared by."""

from typing import NamedTuple


class Method(NamedTuple):
    """How codes become factors: ``kind``, and whether a softmax row's sum sizes the sums."""

    title: str
    kind: str
    bounded: bool = False


METHODS = {
    "uniform": Method("uniform, multiplied", "written"),
    "uniform_digits": Method("uniform, digits of two bits", "digits"),
    "uniform_bounded": Method("uniform, digits, sums by the row's bound", "digits", True),
    "twin": Method("twin uniform, one sum", "twin"),
    "twin_pair": Method("twin uniform, two sums", "pair"),
    "log2": Method("log2", "log2"),
    "log2_bounded": Method("log2, sum by the row's bound", "log2", True),
    "log_sqrt2": Method("log√2", "sqrt2"),
    "log_sqrt2_bounded": Method("log√2, sums by the row's bound", "sqrt2", True),
}
