"""Signals are called what their variables are, on every Python."""

import pytest
from amaranth import Signal, tracer

from vit2rtl.rtl import names


def test_whatever_is_done_next():
    counted = Signal()
    taken = counted | counted
    first = second = Signal()
    assert counted.name == "counted" and len(taken) == 1
    assert first is second and first.name == "first"


def test_amaranth_s_own_way_is_asked_first():
    def made(**options):
        return names.get_var_name(**options)

    found = made(default="none")
    again = found
    assert (found, again) == ("found", "found")
    nowhere = str(made(default="none"))
    assert nowhere == "none"
    with pytest.raises(tracer.NameNotFound):
        str(made())
