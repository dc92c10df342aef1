"""Waits that an instruction has no room for go to an earlier one of its unit: by hand."""

from itertools import permutations

import numpy as np
import pytest

from tests.golden.engine.compiler.engines import TINY
from vit2rtl.golden.engine.compiler.instruction import Instruction, Work
from vit2rtl.golden.engine.compiler.waits import assign
from vit2rtl.golden.engine.instructions import Unit

MAKERS = (Unit.LOAD, Unit.LAYERNORM, Unit.SOFTMAX, Unit.ATTENTION)
WORK = Work("op", "linear", "x", range(1))


def one(unit, reads=(), writes=()):
    return Instruction(unit, {}, WORK, reads={"hidden": np.array(reads, int)},
                       writes={"hidden": np.array(writes, int)})


@pytest.mark.parametrize("units", [*permutations(MAKERS)])
def test_the_fourth_wait_goes_to_an_instruction_behind_what_it_is_for(units):
    """Two are done before the earlier tile is issued: one of these moves to it."""
    first, second, third, fourth = (one(unit, writes=[n]) for n, unit in enumerate(units))
    before, tile = one(Unit.MATMUL), one(Unit.MATMUL, reads=[0, 1, 2, 3])
    assign([first, second, before, third, fourth, tile], TINY)
    assert len(before.waits) == 1 and before.waits.keys() <= {*units[:2]}
    assert before.waits | tile.waits == dict.fromkeys(units, 1)
    assert len(tile.waits) == 3


@pytest.mark.parametrize("units", [*permutations(MAKERS)])
def test_an_instruction_before_all_that_is_waited_for_takes_none(units):
    makers = [one(unit, writes=[n]) for n, unit in enumerate(units)]
    before, tile = one(Unit.MATMUL), one(Unit.MATMUL, reads=[0, 1, 2, 3])
    with pytest.raises(ValueError) as error:
        assign([before, *makers, tile], TINY)
    assert str(error.value) == (
        "op 'op': an instruction would have to wait for 4 units, and has room for 3")


def test_an_instruction_without_room_takes_none():
    """The nearest earlier tile waits for three already, and for the fourth it may not."""
    load, norm, softmax, attention = (one(unit, writes=[n]) for n, unit in enumerate(MAKERS))
    early = one(Unit.MATMUL)
    full = one(Unit.MATMUL, reads=[4, 5, 6])
    others = [one(unit, writes=[n]) for n, unit in zip((4, 5, 6), MAKERS[:3], strict=True)]
    tile = one(Unit.MATMUL, reads=[0, 1, 2, 3])
    assign([attention, early, *others, full, load, norm, softmax, tile], TINY)
    assert full.waits == {Unit.LOAD: 1, Unit.LAYERNORM: 1, Unit.SOFTMAX: 1}
    assert early.waits == {Unit.ATTENTION: 1}
    assert tile.waits == {Unit.LOAD: 2, Unit.LAYERNORM: 2, Unit.SOFTMAX: 2}


def test_what_one_wait_implies_is_no_other():
    load, norm = one(Unit.LOAD, writes=[0]), one(Unit.LAYERNORM, reads=[0], writes=[1])
    tile = one(Unit.MATMUL, reads=[0, 1])
    assign([load, norm, tile], TINY)
    assert norm.waits == {Unit.LOAD: 1}
    assert tile.waits == {Unit.LAYERNORM: 1}


def test_further_back_than_can_be_said_it_waits_for_a_later_one():
    """Nine bits say how many instructions back."""
    load, others = one(Unit.LOAD, writes=[0]), [one(Unit.LOAD) for _ in range(600)]
    tile = one(Unit.MATMUL, reads=[0])
    assign([load, *others, tile], TINY)
    assert tile.waits == {Unit.LOAD: 601 - 511}
    near = one(Unit.MATMUL, reads=[0])
    assign([one(Unit.LOAD, writes=[0]), *[one(Unit.LOAD) for _ in range(511)], near], TINY)
    assert near.waits == {Unit.LOAD: 1}
