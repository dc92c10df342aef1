"""The engine's buffers: words that units write and read."""

from dataclasses import dataclass

from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import WORD

# Bits of a value of the residual stream.
STREAM_BITS = 16


@dataclass(frozen=True)
class Buffer:
    """A memory of ``depth`` words of ``width`` bits, of which a write selects among ``parts``."""

    width: int
    depth: int
    parts: int = 1


def buffers(configuration: Configuration) -> dict[str, Buffer]:
    """By name. A code of two digits is two words: the upper digits, then the lower ones."""
    c = configuration
    digits = c.rows * c.base
    return {
        "stream": Buffer(WORD * STREAM_BITS, c.stream // WORD),
        "normalized": Buffer(digits, c.normalized // c.rows),
        "queries": Buffer(digits, c.projected // c.rows),
        "keys": Buffer(digits, c.projected // c.rows),
        # Whole codes: attention × V takes them as they are.
        "values": Buffer(c.columns * c.code_bits, c.projected // c.columns),
        "attended": Buffer(digits, c.projected // c.rows),
        "hidden": Buffer(digits, c.hidden // c.rows),
        "logits": Buffer(WORD * c.logit_width, c.logit_banks * (c.columns // WORD) * c.tokens),
        # Written by as many queries as softmax takes side by side.
        "codes": Buffer(c.columns * c.attention_bits, c.code_banks * c.tokens,
                        c.columns // c.softmax_lanes),
    }
