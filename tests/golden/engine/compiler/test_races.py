"""Races by hand: a few instructions of one word each, and what may come before what."""

import numpy as np
import pytest

from vit2rtl.golden.engine.compiler.accesses import Access, Accesses
from vit2rtl.golden.engine.compiler.races import races
from vit2rtl.golden.engine.decoding import Decoded
from vit2rtl.golden.engine.instructions import Unit

READS = "reads what the earlier one writes"
OVER_READ = "overwrites what the earlier one reads"
OVER_WRITTEN = "overwrites what the earlier one writes"


def found(*given):
    """Hazards of (unit, word read or None, word written or None, waits)."""
    counts, instructions, touched = dict.fromkeys(Unit, 0), [], []
    for unit, read, written, waits in given:
        instructions.append(Decoded(unit, counts[unit], 0, {}, waits, np.zeros(0, np.uint64)))
        counts[unit] += 1
        touched.append(Accesses(*(
            () if word is None else (Access("hidden", np.array([[word]])),)
            for word in (read, written))))
    return [*races(instructions, touched, {"hidden": 8})]


ARRAY, DRAIN, NORM, LOAD = Unit.MATMUL, Unit.EPILOGUE, Unit.LAYERNORM, Unit.LOAD


@pytest.mark.parametrize(("hazard", "first", "second"), [
    (READS, (NORM, None, 3), (ARRAY, 3, None)),
    (OVER_READ, (ARRAY, 3, None), (NORM, None, 3)),
    (OVER_WRITTEN, (LOAD, None, 3), (NORM, None, 3)),
])
def test_a_wait_keeps_two_units_in_order(hazard, first, second):
    assert found((*first, {}), (*second, {})) == [(1, 0, "hidden", hazard)]
    assert found((*first, {}), (*second, {first[0]: 1})) == []
    other = (*second[:1], *(word and 4 for word in second[1:]))
    assert found((*first, {}), (*other, {})) == []


def test_a_wait_for_one_less_is_none():
    first = [(NORM, None, 1, {}), (NORM, None, 3, {})]
    assert found(*first, (ARRAY, 3, None, {NORM: 1})) == [(2, 1, "hidden", READS)]
    assert found(*first, (ARRAY, 3, None, {NORM: 2})) == []


def test_a_unit_s_own_instructions_are_in_order():
    assert found((NORM, 1, 3, {}), (NORM, 3, 1, {}), (NORM, None, 3, {})) == []


def test_what_an_earlier_instruction_of_the_unit_waited_for_is_known():
    assert found((NORM, None, 3, {}), (ARRAY, None, None, {NORM: 1}), (ARRAY, 3, None, {})) == []


def test_what_was_known_when_the_one_waited_for_began_is_known():
    assert found((LOAD, None, 3, {}), (NORM, None, 4, {LOAD: 1}),
                 (ARRAY, 3, None, {NORM: 1})) == []


def test_an_epilogue_writes_once_its_own_tile_is_done_and_no_later_one():
    """It overwrites what its tile has read, not what the next tile reads; and reads before."""
    own, later = (ARRAY, 3, None, {}), (ARRAY, 4, None, {})
    assert found(own, later, (DRAIN, None, 3, {})) == []
    assert found(own, later, (DRAIN, None, 4, {})) == [(2, 1, "hidden", OVER_READ)]
    assert found(own, later, (DRAIN, None, 4, {ARRAY: 2})) == []
    before = (NORM, None, 5, {})
    assert found(before, (ARRAY, None, None, {NORM: 1}), (DRAIN, None, 5, {})) == []
    assert found(before, (ARRAY, None, None, {NORM: 1}), (DRAIN, 5, None, {})) == [
        (2, 0, "hidden", READS)]


def test_what_an_epilogue_reads_of_its_own_results_waits_for_them():
    tiles = (ARRAY, None, None, {}), (ARRAY, None, None, {})
    assert found(*tiles, (DRAIN, None, 3, {}), (DRAIN, 3, None, {})) == [(3, 2, "hidden", READS)]
    assert found(*tiles, (DRAIN, None, 3, {}), (DRAIN, 3, None, {DRAIN: 1})) == []


def test_the_newest_of_each_unit_that_read_a_word():
    first = [(ARRAY, 3, None, {}), (ARRAY, 3, None, {}), (Unit.SOFTMAX, 3, None, {})]
    assert sorted(found(*first, (NORM, None, 3, {ARRAY: 1}))) == [
        (3, 1, "hidden", OVER_READ), (3, 2, "hidden", OVER_READ)]
    assert found(*first, (NORM, None, 3, {ARRAY: 2, Unit.SOFTMAX: 1})) == []
    # Once it is written again, its earlier readers are of no account.
    assert found(*first, (NORM, None, 3, {ARRAY: 2, Unit.SOFTMAX: 1}), (LOAD, None, 3, {NORM: 1})
                 ) == []
