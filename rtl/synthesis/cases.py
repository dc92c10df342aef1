"""Configurations that parts of the engine are measured at."""

from dataclasses import replace

from vit2rtl.golden.engine.configuration import DEIT_TINY, SMALL, Configuration


def _widths(bits: int, acc_width: int) -> Configuration:
    """With codes and values of so many bits in attention × V, and 16 lanes of it."""
    return replace(SMALL, attention_rows=2, attention_bits=bits, code_bits=bits,
                   attention_acc_width=acc_width)


# Accumulators of attention × V by the bits of its codes: 197 tokens, by the row's bound.
ATTENTION_ACC = {2: 6, 3: 9, 4: 14, 5: 23, 6: 25, 7: 26, 8: 28}
# What parts are measured at.
CASES = {
    "small": SMALL,
    "small_luts": replace(SMALL, packed_columns=0),
    "small_packed": replace(SMALL, packed_columns=8, acc_width=27),
    "small_base8": replace(SMALL, packed_columns=0, base=8, acc_width=27),
    "small_deep": replace(SMALL, tokens=197, stream=8 * SMALL.stream, hidden=4 * SMALL.hidden),
    "small_narrow": replace(SMALL, layernorm_lanes=1, softmax_lanes=1),
    "small_wide": replace(SMALL, acc_width=27, code_bits=8, attention_bits=8,
                       attention_acc_width=28, logit_width=16, rom_bits=10),
    **{f"small_a{bits}": _widths(bits, acc) for bits, acc in ATTENTION_ACC.items()},
    "deit_tiny": DEIT_TINY,
    "deit_tiny_packed": replace(DEIT_TINY, packed_columns=16),
    # The model was not made from these, and has to meet them.
    "held_twelve": replace(
        SMALL, rows=12, columns=12, packed_columns=4, layernorm_lanes=4, softmax_lanes=1,
        attention_rows=3, acc_width=20, tokens=65, channels=96, stream=65 * 96,
        normalized=65 * 96, projected=65 * 96, hidden=65 * 384),
    "held_six": replace(
        SMALL, base=6, packed_columns=0, layernorm_lanes=1, softmax_lanes=4, attention_rows=8,
        attention_bits=6, attention_acc_width=25, code_bits=6, logit_width=14, acc_width=24,
        tokens=101, channels=128, stream=101 * 128, normalized=101 * 128, projected=101 * 128,
        hidden=101 * 512),
}
