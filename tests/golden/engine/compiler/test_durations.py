"""How long instructions take: by hand, for small's and deit-tiny's units."""

import pytest

from vit2rtl.golden.engine.compiler.durations import length, overlaps, passes, settings
from vit2rtl.golden.engine.compiler.instruction import Instruction, Work
from vit2rtl.golden.engine.configuration import DEIT_TINY, SMALL
from vit2rtl.golden.engine.instructions import OPERANDS, Load, Unit

WORK = Work("op", "linear", "x", range(1))


def one(unit, opcode=0, **operands):
    return Instruction(unit, dict.fromkeys(OPERANDS[unit], 0) | operands, WORK, opcode=opcode)


@pytest.mark.parametrize(("operands", "tiles", "rows"), [
    ({"k_tiles": 3, "rows": 50}, 3, 50),
    ({"k_tiles": 3, "rows": 50, "two_weight_digits": 1}, 6, 50),
    ({"k_tiles": 3, "rows": 50, "two_code_digits": 1}, 3, 100),
    ({"k_tiles": 3, "rows": 50, "two_code_digits": 1, "two_weight_digits": 1}, 6, 100),
    ({"k_tiles": 2, "rows": 1}, 2, 4),  # an accumulator takes four cycles from sum to sum
    ({"k_tiles": 2, "rows": 4}, 2, 4),
    ({"k_tiles": 2, "rows": 5}, 2, 5),
    ({"k_tiles": 2, "rows": 1, "two_code_digits": 1}, 2, 8),
])
def test_passes_of_the_array(operands, tiles, rows):
    assert passes(one(Unit.MATMUL, **operands)) == (tiles, rows)


@pytest.mark.parametrize(("configuration", "unit", "opcode", "operands", "busy", "done"), [
    (SMALL, Unit.LOAD, Load.STREAM, {"count": 77}, 77, 77),
    # A word of 8 codes of a byte is one beat, of 16 codes two; two digits take two cycles.
    (SMALL, Unit.LOAD, Load.PATCHES, {"count": 10}, 10, 10),
    (SMALL, Unit.LOAD, Load.PATCHES, {"count": 10, "two_digits": 1}, 20, 20),
    (DEIT_TINY, Unit.LOAD, Load.PATCHES, {"count": 10}, 20, 20),
    (SMALL, Unit.LOAD, Load.TABLE, {"count": 3}, 4096, 4096),
    (SMALL, Unit.MATMUL, 0, {"k_tiles": 8, "rows": 50}, 400, 400),
    # Few rows wait for the next tile's columns, one a cycle, and one more.
    (SMALL, Unit.MATMUL, 0, {"k_tiles": 8, "rows": 5}, 72, 72),
    (DEIT_TINY, Unit.MATMUL, 0, {"k_tiles": 12, "rows": 1}, 204, 204),
    (SMALL, Unit.EPILOGUE, 0, {"rows": 50, "groups": 2}, 100, 113),
    # 32 beats a row; of 16 elements the row's root takes longer, 30 cycles.
    (SMALL, Unit.LAYERNORM, 0, {"rows": 50, "columns": 64}, 1601, 49 * 32 + 64 + 46 + 1),
    (SMALL, Unit.LAYERNORM, 0, {"rows": 3, "columns": 16}, 91, 2 * 30 + 16 + 46 + 1),
    (SMALL, Unit.LAYERNORM, 0, {"rows": 1, "columns": 64, "table": 1}, 97, 64 + 46 + 1 + 64),
    (SMALL, Unit.LAYERNORM, 0, {"rows": 1, "columns": 63}, 33, 64 + 46 + 1),
    (DEIT_TINY, Unit.LAYERNORM, 0, {"rows": 2, "columns": 192}, 97, 48 + 96 + 46 + 2),
    # Two queries a group, 51 cycles; of few keys the group's serial products, 8 × 2 + 14.
    (SMALL, Unit.SOFTMAX, 0, {"keys": 50, "queries": 8}, 204, 3 * 51 + 150 + 16 + 30),
    (SMALL, Unit.SOFTMAX, 0, {"keys": 50, "queries": 7}, 204, 3 * 51 + 150 + 16 + 30),
    (SMALL, Unit.SOFTMAX, 0, {"keys": 10, "queries": 4}, 60, 30 + 30 + 16 + 30),
    # Four queries by eight channels a tile: 32 results leave while 50 keys are summed up.
    (SMALL, Unit.ATTENTION, 0, {"keys": 50, "queries": 8, "channel_tiles": 2},
     4 * 51, 3 * 51 + 50 + 32 + 14),
    (SMALL, Unit.ATTENTION, 0, {"keys": 20, "queries": 5, "channel_tiles": 1},
     2 * 33, 33 + 20 + 32 + 14),
])
def test_lengths(configuration, unit, opcode, operands, busy, done):
    assert length(one(unit, opcode, **operands), configuration) == (busy, done)


def test_opcodes_and_units_that_there_are_not():
    with pytest.raises(ValueError, match=r"^A load has no opcode 3$"):
        length(one(Unit.LOAD, 3), SMALL)
    with pytest.raises(ValueError, match=r"^Unit 9 has no length$"):
        length(Instruction(9, {}, WORK), SMALL)


def test_what_an_instruction_begins_beside_the_one_before_it():
    """The array and loads always do; others where the settings of the unit are the same ones."""
    assert overlaps(one(Unit.LOAD, count=1), one(Unit.LOAD, count=9))
    assert overlaps(one(Unit.MATMUL, k_tiles=1), one(Unit.MATMUL, k_tiles=9))
    places = {"base": 5, "rows": 7, "row_stride": 9, "stream_base": 3, "stream_row_stride": 4}
    assert overlaps(one(Unit.LAYERNORM, **places), one(Unit.LAYERNORM))
    assert not overlaps(one(Unit.LAYERNORM, shift=3), one(Unit.LAYERNORM))
    assert not overlaps(one(Unit.LAYERNORM, table=1), one(Unit.LAYERNORM))
    assert overlaps(one(Unit.LAYERNORM), one(Unit.LAYERNORM, table=1))
    assert not overlaps(one(Unit.EPILOGUE, add=1), one(Unit.EPILOGUE))
    assert overlaps(one(Unit.EPILOGUE), one(Unit.EPILOGUE, add=1))
    assert not overlaps(one(Unit.EPILOGUE, zero_point=1), one(Unit.EPILOGUE))
    assert overlaps(one(Unit.EPILOGUE, destination=3, table=1, groups=2, last=1),
                    one(Unit.EPILOGUE))
    assert not overlaps(one(Unit.SOFTMAX, multiplier=2), one(Unit.SOFTMAX))
    assert overlaps(one(Unit.ATTENTION, code_base=1, queries=3, keys=2, value_base=4,
                        value_row_stride=5, channel_tiles=6, tile_stride=7, top=1),
                    one(Unit.ATTENTION))


def test_settings_are_what_is_left():
    assert settings(one(Unit.SOFTMAX, multiplier=1, shift=2, threshold_a=3, threshold_b=4,
                        threshold_shift=5, keys=9, logit_base=9)) == (1, 2, 3, 4, 5)
