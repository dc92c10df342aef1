"""An engine image: a program's command stream, and what every instruction of it is for."""

from collections import defaultdict
from dataclasses import dataclass
from math import prod

import numpy as np

from vit2rtl.golden.engine.compiler.instruction import Instruction
from vit2rtl.golden.engine.compiler.payloads import BYTE, beats
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.instructions import (
    BEAT,
    BEATS,
    CONTROL,
    NO_UNIT,
    OPERANDS,
    WAITS,
    Unit,
    header,
    pack,
)
from vit2rtl.golden.engine.placement import NOWHERE
from vit2rtl.golden.engine.tiles import padded
from vit2rtl.golden.program.execute import run_op
from vit2rtl.golden.program.program import IntegerProgram


@dataclass(frozen=True)
class EngineImage:
    """What :func:`vit2rtl.golden.engine.compiler.compile` makes of a program.

    instructions   in the order of the stream
    groups         of tokens
    """

    program: IntegerProgram
    configuration: Configuration
    instructions: tuple[Instruction, ...]
    groups: int

    def stream(self) -> np.ndarray:
        """uint64[beats], the command stream."""
        parts = [np.array([header(self.configuration)], np.uint64)]
        issued: dict[Unit, int] = defaultdict(int)
        for one in self.instructions:
            parts += [_encoded(one, issued), one.payload]
            issued[one.unit] += 1
        return np.concatenate(parts)

    def beats_of(self, one: Instruction) -> int:
        """Of the stream."""
        return BEATS + len(one.payload)

    @property
    def cycles(self) -> int:
        """That the schedule expects."""
        return max(one.end for one in self.instructions)


def _encoded(one: Instruction, issued: dict[Unit, int]) -> np.ndarray:
    control = {"opcode": one.opcode, "unit": one.unit, "payload": len(one.payload)}
    waits: list[tuple[int, int]] = [
        (unit, issued[unit] - count) for unit, count in sorted(one.waits.items())]
    waits += [(NO_UNIT, 0)] * (WAITS - len(waits))
    for n, (unit, back) in enumerate(waits):
        control |= {f"wait_{n}": unit, f"back_{n}": back}
    operands = pack(OPERANDS[one.unit], one.operands)
    words = [pack(CONTROL, control)]
    words += [operands >> BEAT * n & (1 << BEAT) - 1 for n in range(BEATS - 1)]
    return np.array(words, np.uint64)


def image_order(program: IntegerProgram, configuration: Configuration) -> np.ndarray:
    """int32[words, rows]: which of the image's codes, flattened, each byte of the stream is.

    Patch by patch, in words of ``rows`` codes; ``NOWHERE`` where a patch's last word is filled up,
    with 0.
    """
    patches = next(op for op in program.ops if op.kind == "patches")
    places = np.arange(prod(program.image.shape), dtype=np.int32).reshape(1, *program.image.shape)
    rows = run_op(patches, [places])[0]
    return padded(rows, configuration.rows, NOWHERE).reshape(-1, configuration.rows)


def image_stream(
    program: IntegerProgram, image_codes: np.ndarray, configuration: Configuration
) -> bytes:
    """The image as the engine takes it, see :func:`image_order`: a byte a code.

    image_codes  int[channels, height, width], codes of the program's image tensor
    returns      little-endian beats of 64 bits: ``rows / 8`` of them a word, or one of ``rows``
                 codes below 8. The last beat is the stream's ``last``.
    """
    order = image_order(program, configuration)
    codes = np.where(order == NOWHERE, 0, np.asarray(image_codes).reshape(-1)[order])
    return beats(codes.astype(np.int64), BYTE).tobytes()
