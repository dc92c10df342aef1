"""Random command streams for tests, and what a unit must see of them: in plain Python."""

from dataclasses import dataclass, field

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
from vit2rtl.golden.engine.limits import OPCODES, payload_beats, ranges

MASK = (1 << BEAT) - 1


@dataclass
class Command:
    """An instruction with its payload; ``waits`` are (unit, back)."""

    unit: Unit
    operands: dict[str, int]
    opcode: int = 0
    waits: list[tuple[int, int]] = field(default_factory=list)
    payload: list[int] = field(default_factory=list)

    def beats(self, **changes: int) -> list[int]:
        """Control beat, operands, payload; ``changes`` to fields of the control beat."""
        waits = [*self.waits, *[(NO_UNIT, 0)] * (WAITS - len(self.waits))]
        control = {"opcode": self.opcode, "unit": self.unit, "payload": len(self.payload)}
        for n, (unit, back) in enumerate(waits):
            control |= {f"wait_{n}": unit, f"back_{n}": back}
        word = pack(OPERANDS[self.unit], self.operands)
        operands = [word >> BEAT * n & MASK for n in range(BEATS - 1)]
        return [pack(CONTROL, control | changes), *operands, *self.payload]


def random_operands(unit, configuration, rng, **fixed):
    """Each field anywhere in its range."""
    limits = ranges(configuration)[unit]
    values = {}
    for name, kind in OPERANDS[unit].items():
        low, high = limits.get(name, (0, (1 << kind.width) - 1))
        low, high = (-(high + 1) // 2, high // 2) if kind.signed else (low, high)
        values[name] = int(rng.integers(low, high, endpoint=True))
    return values | fixed


def random_command(unit, configuration, rng, *, most=24, **fixed):
    """With random operands, waits and payload; the payload is short enough for a test."""
    opcode = int(rng.integers(OPCODES[unit]))
    small = {"k_tiles": int(rng.integers(1, 3)), "count": int(rng.integers(1, most)), "last": 0}
    fixed = {k: v for k, v in small.items() if k in OPERANDS[unit]} | fixed
    operands = random_operands(unit, configuration, rng, **fixed)
    beats = payload_beats(unit, opcode, operands, configuration)
    waits = [(int(rng.integers(len(Unit))), int(rng.integers(12)))
             for _ in range(rng.integers(WAITS + 1))]
    payload = [int(beat) for beat in rng.integers(1 << 63, size=beats)]
    return Command(unit, operands, opcode, waits, payload)


def random_program(configuration, rng, count):
    """An image's instructions: the last one gives the last logits."""
    units = rng.choice([*Unit], size=count - 1)
    commands = [random_command(Unit(unit), configuration, rng) for unit in units]
    return [*commands, random_command(Unit.EPILOGUE, configuration, rng, last=1)]


def stream(configuration, commands):
    """``(beat, last)`` of an image."""
    beats = [header(configuration), *(beat for command in commands for beat in command.beats())]
    return [(beat, n == len(beats) - 1) for n, beat in enumerate(beats)]
