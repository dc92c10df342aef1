"""Memories of the engine, element by element, and beats of payload as numbers."""

import numpy as np

from vit2rtl.golden.engine.buffers import STREAM_BITS, buffers
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import BEAT

# Whose elements are signed.
_SIGNED = ("stream", "logits")


def poisoned(configuration: Configuration, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """{buffer: int64[words, elements]} of random elements, and the table of activations."""
    c = configuration
    bits = {"stream": STREAM_BITS, "values": c.code_bits, "logits": c.logit_width,
            "codes": c.attention_bits}
    memories = {}
    for name, buffer in buffers(c).items():
        width = bits.get(name, c.base)
        half = 1 << width - 1 if name in _SIGNED else 0
        memories[name] = rng.integers(-half, (1 << width) - half, (buffer.depth,
                                                                  buffer.width // width))
    memories["table"] = rng.integers(0, 256, 1 << c.table_bits)
    return memories


def elements(beats: np.ndarray, bits: int, *, signed: bool = False) -> np.ndarray:
    """int64[beats, BEAT // bits]: what lies side by side in beats, the lowest bits first."""
    places = np.arange(BEAT // bits, dtype=np.uint64) * np.uint64(bits)
    parts = (beats[:, np.newaxis] >> places & np.uint64((1 << bits) - 1)).astype(np.int64)
    return np.where(parts >> bits - 1, parts - (1 << bits), parts) if signed else parts


def split(codes: np.ndarray, two_digits: int, base: int) -> list[np.ndarray]:
    """Digits of codes, the upper one first."""
    mask = (1 << base) - 1
    return [codes >> base & mask, codes & mask] if two_digits else [codes & mask]
