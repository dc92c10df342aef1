"""What the oracles of ops share: rows, ranges and roundings in plain Python."""

import math
import operator
from fractions import Fraction

import numpy as np


def rows(array):
    """The last axis as lists."""
    return array.reshape(-1, array.shape[-1]).tolist()


def objects(nested):
    made = np.empty(np.shape(nested), object)
    made[...] = nested
    return made


def limits(output):
    half = 1 << output["bits"] - 1
    return (-half, half - 1) if output["signed"] else (0, 2 * half - 1)


def clip(value, low, high):
    return low if value < low else high if value > high else value


def half_up(numerator, shift):
    return math.floor(Fraction(numerator, 1 << shift) + Fraction(1, 2))


def dot(a, b):
    return sum(map(operator.mul, a, b))


def split(x, heads):
    """[..., tokens, channels] to a list of windows of heads of lists of rows."""
    windows = x.reshape(-1, *x.shape[-2:])
    step = x.shape[-1] // heads
    return [[[row[h * step:(h + 1) * step] for row in window.tolist()] for h in range(heads)]
            for window in windows]
