"""What an instruction may hold, and how long its payload is: by hand."""

import pytest

from vit2rtl.golden.engine.configuration import DEIT_TINY, SMALL
from vit2rtl.golden.engine.errors import TITLES, Error
from vit2rtl.golden.engine.instructions import OPERANDS, Load, Unit
from vit2rtl.golden.engine.limits import payload_beats, ranges


def beats(unit, configuration=SMALL, opcode=0, **operands):
    return payload_beats(unit, opcode, dict.fromkeys(OPERANDS[unit], 0) | operands, configuration)


def test_every_error_has_a_title_and_fits_four_bits():
    assert {*TITLES} == {*Error} and max(Error) < 16


@pytest.mark.parametrize("configuration", [SMALL, DEIT_TINY])
def test_ranges_name_operands_and_fit_their_fields(configuration):
    for unit, limits in ranges(configuration).items():
        for name, (low, high) in limits.items():
            assert 0 <= low <= high < 1 << OPERANDS[unit][name].width, (unit, name)


def test_beats_of_a_load():
    assert beats(Unit.LOAD, opcode=Load.STREAM, count=77) == 77
    assert beats(Unit.LOAD, opcode=Load.PATCHES, count=77) == 0
    assert beats(Unit.LOAD, opcode=Load.TABLE, count=17) == 3


@pytest.mark.parametrize(("configuration", "two", "expected"), [
    (SMALL, 0, 1 + 3 * 4),  # eight zero points a beat, two columns of eight weights a beat
    (SMALL, 1, 2 * (1 + 3 * 4)),
    (DEIT_TINY, 0, 2 + 3 * 16),
])
def test_beats_of_weights(configuration, two, expected):
    assert beats(Unit.MATMUL, configuration, k_tiles=3, two_weight_digits=two) == expected


def test_queries_and_codes_have_no_payload():
    assert beats(Unit.MATMUL, k_tiles=3, dynamic=1) == 0
    assert beats(Unit.SOFTMAX) == beats(Unit.ATTENTION) == beats(Unit.LAYERNORM) == 0


def test_beats_of_parameters():
    assert beats(Unit.EPILOGUE) == 8
    assert beats(Unit.LAYERNORM, DEIT_TINY, table=1) == 192
