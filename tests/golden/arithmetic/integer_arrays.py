"""Arrays of Python integers, and what every golden function of the integer profile owes them."""

import numpy as np


def python(values):
    """The same numbers as Python integers, ``dtype=object``."""
    return np.asarray(values).astype(object)


def assert_integers(array):
    """Python integers (or comparisons' bools) only: no float and no machine integer came in."""
    assert array.dtype == object
    assert all(type(value) in (int, bool) for value in array.flat)


def assert_same(machine, exact):
    """Machine integers on one road, Python integers on the other, the same numbers."""
    assert machine.dtype.kind in "iu"
    assert_integers(exact)
    assert machine.shape == exact.shape
    assert machine.tolist() == exact.tolist()
