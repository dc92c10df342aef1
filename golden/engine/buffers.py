"""The engine's buffers: words that units write and read."""

from dataclasses import dataclass

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import STRIDE, WORD

# Bits of a value of the residual stream.
STREAM_BITS = 16


@dataclass(frozen=True)
class Buffer:
    """A memory of ``depth`` words of ``width`` bits, of which a write selects among ``parts``.

    address   bits that units add addresses in, :func:`address_bits`
    """

    width: int
    depth: int
    address: int
    parts: int = 1


def buffers(configuration: Configuration) -> dict[str, Buffer]:
    """By name. A code of two digits is two words: the upper digits, then the lower ones."""
    c = configuration
    address = address_bits(c)
    # Codes are written by as many queries as softmax takes side by side.
    parts = {"codes": c.columns // c.softmax_lanes}
    return {name: Buffer(width, depth, address, parts.get(name, 1))
            for name, (width, depth) in _sizes(c).items()}


def address_bits(configuration: Configuration) -> int:
    """Bits that units add addresses and strides in.

    As many as a word of the largest buffer, or the largest stride, and one more: what runs beyond
    a buffer by a stride does not come back to its beginning, and the buffer sees it.
    """
    deepest = max(depth for _, depth in _sizes(configuration).values())
    return max((deepest - 1).bit_length(), STRIDE.width) + 1


def _sizes(c: Configuration) -> dict[str, tuple[int, int]]:
    """Width and depth of each buffer."""
    digits = c.rows * c.base
    return {
        "stream": (WORD * STREAM_BITS, c.stream // WORD),
        "normalized": (digits, c.normalized // c.rows),
        "queries": (digits, c.projected // c.rows),
        "keys": (digits, c.projected // c.rows),
        # Whole codes: attention × V takes them as they are.
        "values": (c.columns * c.code_bits, c.projected // c.columns),
        "attended": (digits, c.projected // c.rows),
        "hidden": (digits, c.hidden // c.rows),
        "logits": (WORD * c.logit_width, c.logit_banks * (c.columns // WORD) * c.tokens),
        "codes": (c.columns * c.attention_bits, c.code_banks * c.tokens),
    }
