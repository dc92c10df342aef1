"""A command stream read again: beats to instructions."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

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
    unpack,
)


@dataclass(frozen=True)
class Decoded:
    """An instruction of a command stream.

    number   of the unit's instructions before it
    waits    {unit: how many of its instructions must be done}
    payload  uint64[beats]
    """

    unit: Unit
    number: int
    opcode: int
    operands: Mapping[str, int]
    waits: Mapping[Unit, int]
    payload: np.ndarray


def decode(stream: np.ndarray, configuration: Configuration) -> Iterator[Decoded]:
    """The instructions of one image.

    stream   uint64[beats], with its header
    raises   ValueError for a stream of another configuration, or one that ends within an
             instruction
    """
    if int(stream[0]) != header(configuration):
        raise ValueError(f"The stream was not compiled for the engine {configuration.name}")
    issued: Counter[Unit] = Counter()
    place = 1
    while place < len(stream):
        control = unpack(CONTROL, int(stream[place]))
        end = place + BEATS + control["payload"]
        if end > len(stream):
            raise ValueError(f"The stream ends within the instruction at beat {place}")
        unit = Unit(control["unit"])
        word = sum(int(beat) << BEAT * n
                   for n, beat in enumerate(stream[place + 1:place + BEATS]))
        pairs = [(control[f"wait_{n}"], control[f"back_{n}"]) for n in range(WAITS)]
        yield Decoded(
            unit, issued[unit], control["opcode"], unpack(OPERANDS[unit], word),
            {Unit(other): issued[Unit(other)] - back for other, back in pairs if other != NO_UNIT},
            stream[place + BEATS:end])
        issued[unit] += 1
        place = end
