"""What an instruction may hold, and how long its payload is: by hand."""

from dataclasses import replace

import pytest

from vit2rtl.golden.engine.configuration import DEIT_TINY, SMALL
from vit2rtl.golden.engine.errors import TITLES, Error
from vit2rtl.golden.engine.instructions import OPERANDS, Field, Load, Unit, pack
from vit2rtl.golden.engine.limits import payload_beats, payload_room, ranges


def beats(unit, configuration=SMALL, opcode=0, **operands):
    return payload_beats(unit, opcode, dict.fromkeys(OPERANDS[unit], 0) | operands, configuration)


def test_every_error_has_a_title_and_fits_four_bits():
    assert {*TITLES} == {*Error} and max(Error) < 16


@pytest.mark.parametrize("configuration", [SMALL, DEIT_TINY])
def test_ranges_name_operands_and_fit_their_fields(configuration):
    for unit, limits in ranges(configuration).items():
        for name, (low, high) in limits.items():
            assert 0 <= low <= high < 1 << OPERANDS[unit][name].width, (unit, name)


# Columns, tokens, channels; the last address that an operand may name: one bit less than address
# adders have, of 12,800 / 8 and 151,296 / 16 words of hidden codes, or a stride's 12 bits.
@pytest.mark.parametrize(("configuration", "columns", "tokens", "channels", "last"), [
    (SMALL, 8, 50, 64, (1 << 12) - 1), (DEIT_TINY, 16, 197, 192, (1 << 14) - 1),
])
def test_every_range(configuration, columns, tokens, channels, last):
    address, queries = (0, last), (1, columns)
    assert ranges(configuration) == {
        Unit.LOAD: {"base": address, "count": (1, 65535)},
        Unit.MATMUL: {"base": address, "query_base": address, "source": (0, 3), "rows": (1, 256),
                      "k_tiles": (1, 1023), "queries": (0, columns)},
        Unit.EPILOGUE: {"base": address, "destination": (0, 6), "rows": (1, 256),
                        "groups": (1, columns // 4)},
        Unit.LAYERNORM: {"base": address, "stream_base": address, "rows": (1, 2047),
                         "columns": (1, channels)},
        Unit.SOFTMAX: {"logit_base": address, "code_base": address, "keys": (1, tokens),
                       "queries": queries},
        Unit.ATTENTION: {"code_base": address, "value_base": address, "base": address,
                         "keys": (1, tokens), "queries": queries, "channel_tiles": (1, 127)},
    }


def test_addresses_of_all_their_bits_have_no_range():
    """A buffer of 2**16 words: what runs beyond it is told by the adder's 17th bit."""
    wide = replace(DEIT_TINY, hidden=16 << 16)
    assert ranges(wide)[Unit.LOAD] == {"count": (1, 65535)}
    assert ranges(replace(wide, hidden=16 << 15))[Unit.LOAD]["base"] == (0, (1 << 15) - 1)


def test_payload_that_waits():
    """A table of 4,096 entries, eight a beat; 256 beats of weights; two sets of parameters."""
    assert payload_room(SMALL) == {
        Unit.LOAD: 512, Unit.MATMUL: 256, Unit.EPILOGUE: 64, Unit.LAYERNORM: 128}
    assert payload_room(replace(DEIT_TINY, columns=48, table_bits=4, channels=200)) == {
        Unit.LOAD: 32, Unit.MATMUL: 256, Unit.EPILOGUE: 128, Unit.LAYERNORM: 512}


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


def test_an_instruction_has_all_its_fields_and_no_others():
    fields = {"a": Field(3), "b": Field(4, signed=True)}
    assert pack(fields, {"a": 5, "b": -8}) == 5 | 8 << 3
    for values, text in (
        ({"a": 1}, "Field 'b' is missing"),
        ({"a": 1, "b": 0, "c": 0}, "An instruction has no field 'c'"),
        ({"a": 8, "b": 0}, "Field 'a' must be between 0 and 7, not 8"),
        ({"a": 0, "b": 8}, "Field 'b' must be between -8 and 7, not 8"),
    ):
        with pytest.raises(ValueError) as error:
            pack(fields, values)
        assert str(error.value) == text
