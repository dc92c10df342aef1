"""Comparisons with constants, of few look-up tables: no carry chain, which costs twice as many."""

from amaranth.hdl import Cat, Const, Value


def reaches(value: Value, bound: int) -> Value:
    """Whether an unsigned value is ``bound``, a constant, or more.

    Bit by bit from the lowest one: where the bound has a 1, the value needs one, too, and what is
    below must reach the rest; where it has a 0, a 1 of the value is enough. Of the bound's leading
    zeros, any: ``reaches(v, 0b0110)`` is ``v[3] | (v[2] & v[1])``.
    """
    if bound >> len(value):
        return Const(0, 1)
    result: Value = Const(1, 1)
    for n in range(bound.bit_length()):
        result = (value[n] & result) if bound >> n & 1 else (value[n] | result)
    return Cat(value[bound.bit_length() :], result).any()
