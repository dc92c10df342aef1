"""The buffers' sizes, as the table of the engine's design has them."""

from vit2rtl.golden.engine.buffers import Buffer, buffers
from vit2rtl.golden.engine.configuration import DEIT_TINY, SMALL


def test_buffers_of_a_configuration():
    assert buffers(SMALL) == {
        "stream": Buffer(64, 800),
        "normalized": Buffer(32, 400),
        "queries": Buffer(32, 400),
        "keys": Buffer(32, 400),
        "values": Buffer(32, 400),
        "attended": Buffer(32, 400),
        "hidden": Buffer(32, 1600),
        "logits": Buffer(48, 4 * 2 * 50),
        "codes": Buffer(32, 2 * 50, 4),
    }


def test_every_word_of_a_buffer_has_an_address():
    for configuration in (SMALL, DEIT_TINY):
        assert max(one.depth for one in buffers(configuration).values()) <= 1 << 16
