"""What a simulated image has that the golden program has not, by op, token and channel."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vit2rtl.golden.engine.compiler import EngineImage
from vit2rtl.golden.engine.errors import TITLES, Error
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.golden.program.program import IntegerProgram
from vit2rtl.sim.model.bench import LOGITS, Outcome

# Of an image and a unit.
KEPT = 5


@dataclass(frozen=True)
class Difference:
    """An element that is not what it must be.

    image        its place among the images
    op, place    whose element, and which: ``token 3, channel 17``
    instruction  ``EPILOGUE 120``: the unit, and the number of its instruction in the image
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
    counts = ", ".join(f"{unit.name} {outcome.registers.get(f'DONE_{int(unit)}', 0)}"
                       for unit in Unit)
    raise ValueError(f"{len(outcome.ended)} of {images} images came out in {outcome.cycles:,} "
                     f"cycles: {reason}; instructions done: {counts}")


def logits(outcome: Outcome, program: IntegerProgram, images: int) -> np.ndarray:
    """int64[images, classes] of the logits' stream."""
    values = outcome.exits[LOGITS].elements(16, signed=True).reshape(images, -1)
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
    program: IntegerProgram, image: EngineImage, outcome: Outcome,
    tensors: Mapping[str, np.ndarray], first: int,
) -> tuple[list[Difference], int]:
    """Differences of what left the units, the earliest first, and how many elements there were."""
    raise NotImplementedError
