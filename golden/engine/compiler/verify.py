"""A compiled image verified, from its beats: no race, every read as meant, nothing that hangs."""

from collections import Counter
from collections.abc import Iterator, Sequence

from vit2rtl.golden.engine.buffers import buffers
from vit2rtl.golden.engine.compiler.accesses import TABLE, Accesses, accesses
from vit2rtl.golden.engine.compiler.image import EngineImage
from vit2rtl.golden.engine.compiler.producers import Producers
from vit2rtl.golden.engine.compiler.races import races
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.decoding import Decoded, decode
from vit2rtl.golden.engine.instructions import Destination, Unit
from vit2rtl.golden.engine.limits import payload_beats, ranges

# The array begins a tile once the one before the last is drained.
BANKS = 2


def verify(image: EngineImage) -> list[str]:
    """What is wrong with an image: a sentence each, that names the instruction and its op.

    What the compiler thought is not asked, but its command stream: that all reads and writes of a
    word are kept in order by waits, that every read finds what its op takes, that operands are in
    their ranges and words in their buffers, and that the engine cannot hang.
    """
    instructions = [*decode(image.stream(), image.configuration)]
    touched = [accesses(one, image.configuration) for one in instructions]
    depths = {name: buffer.depth for name, buffer in buffers(image.configuration).items()}
    depths[TABLE] = 1
    problems = [*_lively(instructions)]
    for number, (one, words) in enumerate(zip(instructions, touched, strict=True)):
        problems += [f"{_spelled(image, one, number)} {problem}"
                     for problem in _outside(one, words, depths, image.configuration)]
    if problems:
        return problems
    for number, other, buffer, hazard in races(instructions, touched, depths):
        problems.append(
            f"{_spelled(image, instructions[number], number)} does not wait for "
            f"{_spelled(image, instructions[other], other)}: in {buffer} it {hazard}")
    producers = Producers(image.program, image.configuration.columns, depths)
    for number, (one, words) in enumerate(zip(instructions, touched, strict=True)):
        work = image.instructions[number].work
        problems += [f"{_spelled(image, one, number)} {problem}"
                     for problem in producers.wrong(one, work, words)]
    return problems


def _spelled(image: EngineImage, one: Decoded, number: int) -> str:
    work = image.instructions[number].work
    head = "" if work.head is None else f", head {work.head}"
    return (f"{one.unit.name.lower()} {one.number} ({work.op}{head}, tile {work.tile}, rows "
            f"{work.rows.start} to {work.rows.stop - 1})")


def _outside(
    one: Decoded, touched: Accesses, depths: dict[str, int], c: Configuration
) -> Iterator[str]:
    for name, (low, high) in ranges(c)[one.unit].items():
        if not low <= one.operands[name] <= high:
            yield f"has {name} {one.operands[name]}, which must be between {low} and {high}"
    due = payload_beats(one.unit, one.opcode, one.operands, c)
    if len(one.payload) != due:
        yield f"has {len(one.payload)} beats of payload, and takes {due}"
    for access in (*touched.reads, *touched.writes):
        if access.words.size and access.words.max() >= depths[access.buffer]:
            yield (f"touches word {access.words.max()} of {access.buffer}, which has "
                   f"{depths[access.buffer]}")


def _lively(instructions: Sequence[Decoded]) -> Iterator[str]:
    """The oldest instruction that is not done can always go on.

    Waits name none behind it: an instruction says how far back they are.
    """
    issued: Counter[Unit] = Counter()
    for one in instructions:
        name = f"{one.unit.name.lower()} {one.number}"
        if one.unit == Unit.MATMUL and one.number >= issued[Unit.EPILOGUE] + BANKS:
            yield f"{name} comes before the epilogue that makes room for its sums"
        if one.unit == Unit.EPILOGUE and one.number >= issued[Unit.MATMUL]:
            yield f"{name} comes before the array's tile that it drains"
        issued[one.unit] += 1
    if issued[Unit.MATMUL] != issued[Unit.EPILOGUE]:
        yield f"{issued[Unit.MATMUL]} tiles are drained {issued[Unit.EPILOGUE]} times"
    last = instructions[-1].operands
    if last.get("destination") != Destination.OUTPUT or not last["last"]:
        yield "the last instruction does not give the last logits"
    if sum(one.operands.get("last", 0) for one in instructions) != 1:
        yield "more than one instruction gives the last logits"
