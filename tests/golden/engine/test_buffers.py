"""The buffers' sizes, as the table of the engine's design has them."""

import pytest

from vit2rtl.golden.engine.buffers import Buffer, address_bits, buffers
from vit2rtl.golden.engine.configuration import CONFIGURATIONS, SMALL
from vit2rtl.golden.engine.instructions import ADDRESS, OPERANDS, STRIDE, Unit
from vit2rtl.golden.engine.limits import ranges


def test_buffers_of_a_configuration():
    bits = 13  # a stride of 12 bits and one more: the largest buffer has 11
    assert buffers(SMALL) == {
        "stream": Buffer(64, 800, bits),
        "normalized": Buffer(32, 400, bits),
        "queries": Buffer(32, 400, bits),
        "keys": Buffer(32, 400, bits),
        "values": Buffer(32, 400, bits),
        "attended": Buffer(32, 400, bits),
        "hidden": Buffer(32, 1600, bits),
        "logits": Buffer(48, 4 * 2 * 50, bits),
        "codes": Buffer(32, 2 * 50, bits, 4),
    }


@pytest.mark.parametrize(("name", "bits"), [
    ("small", 13), ("deit-tiny", 15), ("deit-tiny-8", 16), ("deit-small", 16), ("deit-base", 17)])
def test_a_stride_beyond_a_buffer_does_not_come_back_to_its_beginning(name, bits):
    configuration = CONFIGURATIONS[name]
    assert address_bits(configuration) == bits
    deepest = max(one.depth for one in buffers(configuration).values())
    assert deepest <= 1 << ADDRESS.width
    # A word, and the digit behind it, then a stride.
    assert deepest + 1 + (1 << STRIDE.width) - 1 < 1 << bits
    for unit, limits in ranges(configuration).items():
        for field, (low, high) in limits.items():
            if OPERANDS[unit][field] is ADDRESS:
                assert (low, high) == (0, (1 << bits - 1) - 1) and high >= deepest - 1
    fields = {(unit, name) for unit in Unit for name in OPERANDS[unit] if name.endswith("base")
              and name != "shift_base"}
    limited = {(unit, field) for unit, limits in ranges(configuration).items()
               for field in limits if OPERANDS[unit][field] is ADDRESS}
    assert limited == (fields if bits < 17 else set())
