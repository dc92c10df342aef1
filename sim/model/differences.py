"""What a simulated image has that the golden program has not, by op, token and channel."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vit2rtl.golden.engine.compiler import EngineImage
from vit2rtl.golden.engine.compiler.expected import Expected, expected, place
from vit2rtl.golden.engine.compiler.payloads import BYTE
from vit2rtl.golden.engine.errors import TITLES, Error
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.golden.engine.placement import NOWHERE
from vit2rtl.golden.program.program import IntegerProgram
from vit2rtl.sim.engine.cut import AXES
from vit2rtl.sim.model.bench import LOGITS, Outcome

# Differences of an image and a unit.
KEPT = 5
STREAM_BITS = 16
# The port of each of the compiler's taps.
PORTS = {"epilogue": "tap_epilogue", "table": "tap_epilogue", "layernorm": "tap_layernorm",
         "softmax": "tap_softmax", "attention": "tap_attention"}


@dataclass(frozen=True)
class Difference:
    """An element that is not what it must be.

    image        its place among the images
    op, place    whose element, and which: ``token 3, channel 17``
    instruction  which of a unit's, counted in the image
    cycle        of the whole run in which it left its unit
    """

    image: int
    op: str
    place: str
    got: int
    want: int
    instruction: str = ""
    cycle: int | None = None

    def __str__(self) -> str:
        where = f", {self.instruction}, cycle {self.cycle:,}" if self.cycle is not None else ""
        return (f"image {self.image}, op {self.op}, {self.place}: got {self.got}, "
                f"want {self.want}{where}; its vectors: vit2rtl vectors PROGRAM --ops '{self.op}'")


def check_end(outcome: Outcome, images: int) -> None:
    """A ValueError where not all images came out: the engine's own account of why."""
    if outcome.unknown:
        raise ValueError("A handshake of the engine had unknown bits: see the log")
    if len(outcome.ended) == images:
        return
    code = outcome.registers.get("ERROR", 0)
    known = {int(error): title for error, title in TITLES.items()}
    reason = known.get(code & 0xF, f"error {code & 0xF}") if code else known[Error.NONE]
    counts = ", ".join(f"{unit.name} {outcome.registers.get(f'DONE_{unit.name}', 0)}"
                       for unit in Unit)
    raise ValueError(f"{len(outcome.ended)} of {images} images came out in {outcome.cycles:,} "
                     f"cycles: {reason}; instructions done: {counts}")


def logits(outcome: Outcome, program: IntegerProgram, images: int) -> np.ndarray:
    """int64[images, classes] of the logits' stream."""
    values = outcome.exits[LOGITS].elements(16, 4, signed=True).reshape(images, -1)
    classes = program.logits.shape[-1]
    if values.shape[1] < classes:
        raise ValueError(f"The engine gave {values.shape[1]} logits an image, not {classes}")
    return values[:, :classes]


def of_logits(given: np.ndarray, wanted: np.ndarray, first: int) -> list[Difference]:
    """int64[images, classes] each; ``first``: the number of the first of these images."""
    return [
        Difference(first + int(image), "logits", f"class {channel}",
                   int(given[image, channel]), int(wanted[image, channel]))
        for image, channel in np.argwhere(given != wanted)]


def of_exits(
    image: EngineImage, outcome: Outcome, tensors: Mapping[str, np.ndarray], images: int,
    first: int,
) -> tuple[list[Difference], int]:
    """Differences of what left the units, and how many elements there were.

    tensors  {name: int[images, *shape]} of the golden program
    first    the number of the first of these images
    """
    found: list[Difference] = []
    elements = 0
    given = {tap: _given(image, outcome, tap).reshape(images, -1, lanes)
             for tap, lanes in _lanes(image).items()}
    for n in range(images):
        wanted = expected(image, {name: tensor[n] for name, tensor in tensors.items()})
        for tap, want in wanted.items():
            got = given[tap][n]
            if len(got) != len(want.values):
                raise ValueError(f"{tap} gave {len(got)} beats of {len(want.values)}")
            elements += int((want.places != NOWHERE).sum())
            cycles = outcome.exits[PORTS[tap]].cycles.reshape(images, -1)[n]
            found += [
                _difference(image, tap, want, got, beat, lane, first + n, int(cycles[beat]))
                for beat, lane in np.argwhere(want.differs(got))[:KEPT].tolist()]
    return sorted(found, key=lambda one: (one.image, one.cycle or 0)), elements


def _lanes(image: EngineImage) -> dict[str, int]:
    c = image.configuration
    return {"epilogue": c.epilogue_lanes, "table": c.epilogue_lanes,
            "layernorm": c.layernorm_lanes, "softmax": c.softmax_lanes, "attention": 1}


def _given(image: EngineImage, outcome: Outcome, tap: str) -> np.ndarray:
    """int64[beats, lanes], of all images; bit 0 of a port is ``valid``."""
    left, lanes, bits = outcome.exits[PORTS[tap]], _lanes(image)[tap], image.configuration.code_bits
    if tap == "epilogue":
        return left.elements(STREAM_BITS, lanes, start=1, signed=True)
    if tap == "table":
        return left.elements(bits, lanes, start=1 + STREAM_BITS * lanes)
    return left.elements(BYTE, lanes, start=1)


def _difference(
    image: EngineImage, tap: str, wanted: Expected, got: np.ndarray, beat: int, lane: int,
    number: int, cycle: int,
) -> Difference:
    what = place(image, tap, wanted, beat, lane)
    axes = AXES.get(len(what.index)) or tuple(f"axis {n}" for n in range(len(what.index)))
    at = ", ".join(f"{axis} {n}" for axis, n in zip(axes, what.index, strict=True))
    one = image.instructions[what.instruction]
    before = sum(other.unit == one.unit for other in image.instructions[:what.instruction])
    return Difference(number, what.op, at, int(got[beat, lane]), int(wanted.values[beat, lane]),
                      f"instruction {before} of {one.unit.name.lower()}", cycle)
