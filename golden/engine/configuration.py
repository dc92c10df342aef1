"""Sizes of the engine: what is fixed when its hardware is made."""

from dataclasses import dataclass, fields, replace

from vit2rtl.golden.arithmetic.matmul import PACKED_BASE, PACKED_ROWS

# Widths of a digit of the streaming codes.
BASES = (4, 5, 6, 8)
# Digits of a code, and of a weight: one, or two at half the speed.
DIGITS = 2
# Fraction bits of softmax's exponentials.
EXP_BITS = 17


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """Everything else, shapes and widths of a program, is set at run time.

    rows, columns       of the array: inputs and outputs of a stationary tile
    base                bits of a digit of a streaming code; a stationary operand's digit is signed
                        and has one bit more
    packed_columns      of the array, which multiply in blocks of 18 × 18 bits, two products each;
                        the others in look-up tables. 0 unless ``base`` is 4
    epilogue_lanes      accumulators that are requantized a cycle
    layernorm_lanes     elements of a row a cycle
    softmax_lanes       queries side by side
    attention_rows      queries of attention × V at a time, ``columns`` channels each
    attention_bits      of its log√2 codes
    attention_acc_width of its two accumulators
    code_bits           of the codes that LayerNorm, attention × V and the activation's table give,
                        and of v's, at most
    logit_width         of the logits that softmax takes
    rom_bits            of softmax's mantissas, 2**rom_bits an octave
    table_bits          of the codes that an activation's table takes
    acc_width           of the array's accumulators
    bank_rows           tokens of an accumulator bank
    tokens              keys of a row of logits
    logit_banks         ``columns`` rows of logits each, and of codes that softmax makes of them
    code_banks
    channels            of a LayerNorm
    stream              elements of the residual stream
    normalized          digits of the codes that LayerNorm gives
    projected           digits of the codes of q, of k and of v
    hidden              digits of the codes between fc1 and fc2, or of half of the patches
    """

    name: str
    rows: int = 16
    columns: int = 16
    base: int = 4
    packed_columns: int = 0
    epilogue_lanes: int = 4
    layernorm_lanes: int = 4
    softmax_lanes: int = 4
    attention_rows: int = 8
    attention_bits: int = 4
    attention_acc_width: int = 14
    code_bits: int = 4
    logit_width: int = 12
    rom_bits: int = 8
    table_bits: int = 12
    acc_width: int = 20
    bank_rows: int = 256
    tokens: int = 197
    logit_banks: int = 4
    code_banks: int = 2
    channels: int = 192
    stream: int = 197 * 192
    normalized: int = 197 * 192
    projected: int = 197 * 192
    hidden: int = 197 * 768

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            none = field.default == 0
            if field.type is int and (type(value) is not int or value < (not none)):
                raise ValueError(f"{_title(field.name)} must be {'0 or ' if none else ''}an "
                                 f"integer above 0, not {value!r}")
        if self.base not in BASES:
            raise ValueError(f"Base must be one of {', '.join(map(str, BASES))}, "
                             f"not {self.base}")
        packs = self.base == PACKED_BASE and self.rows >= PACKED_ROWS
        most = self.columns if packs else 0
        if self.packed_columns > most:
            raise ValueError(f"Packed columns must be at most {most} of {self.columns} with "
                             f"{self.rows} rows and a base of {self.base}, "
                             f"not {self.packed_columns}")
        if self.acc_width > 27:
            raise ValueError(f"Acc width must be at most 27, not {self.acc_width}")

    def code_digits(self, bits: int) -> int:
        """Digits of an unsigned code of so many bits."""
        return -(-bits // self.base)

    def stationary_digits(self, low: int, high: int) -> int:
        """Digits of a stationary operand from ``low`` to ``high``: one is signed, those below it
        are not."""
        digits = 1
        while not -(1 << self.base * digits) <= low <= high < 1 << self.base * digits:
            digits += 1
        return digits


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


DEIT_TINY = Configuration(name="deit-tiny")
SMALL = Configuration(
    name="small", rows=8, columns=8, packed_columns=6, layernorm_lanes=2, softmax_lanes=2,
    attention_rows=4, acc_width=18, tokens=50, channels=64, stream=50 * 64, normalized=50 * 64,
    projected=50 * 64, hidden=50 * 256,
)


def _wide(name: str, channels: int) -> Configuration:
    """Of a DeiT with more channels: larger buffers, the same units."""
    codes = 197 * channels
    return replace(DEIT_TINY, name=name, channels=channels, stream=codes, normalized=codes,
                   projected=codes, hidden=4 * codes, acc_width=22)


# Codes of 5 to 8 bits are two digits in every buffer.
DEIT_TINY_8 = replace(
    DEIT_TINY, name="deit-tiny-8", attention_bits=8, attention_acc_width=28, code_bits=8,
    logit_width=16, rom_bits=10, acc_width=27, normalized=2 * 197 * 192,
    projected=2 * 197 * 192, hidden=2 * 197 * 768,
)
CONFIGURATIONS = {configuration.name: configuration for configuration in (
    SMALL, DEIT_TINY, DEIT_TINY_8, _wide("deit-small", 384), _wide("deit-base", 768))}
