"""Images for an integer program, without torch: of a folder, or the embedded model's digits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vit2rtl.golden.program import images
from vit2rtl.models import digits
from vit2rtl.origin import EMBEDDED

if TYPE_CHECKING:
    from vit2rtl.golden.program.program import IntegerProgram


@dataclass(frozen=True)
class ProgramImages:
    """Images by name.

    names   for lists, logs and manifests
    labels  {name: class index}, or None where nothing says what the images show
    codes   names -> uint8[n, channels, height, width], what the program takes
    """

    names: list[str]
    labels: Mapping[str, int] | None
    codes: Callable[[Sequence[str]], np.ndarray] = field(repr=False)

    def draw(self, count: int, seed: int) -> list[str]:
        """``count`` names drawn without replacement, the same ones for the same seed."""
        if count > len(self.names):
            raise ValueError(f"{count} images are asked for, but there are only "
                             f"{len(self.names)}")
        order = np.random.default_rng(seed).permutation(len(self.names))
        return [self.names[n] for n in order[:count]]


def find(folder: str | Path | None, program: "IntegerProgram") -> ProgramImages:
    """The images of a folder; without one the 1,000 held-out digits of the embedded model.

    raises   ValueError naming the folder, or the line of ``labels.csv``, that is wrong; where
             there is no folder, and the program is of another model
    """
    if folder is None:
        return _digits(program)
    place = Path(folder)
    images.check_preprocessing(program.preprocessing)
    names, indices, _ = images.find(place)
    labels = None if indices is None else dict(zip(names, indices, strict=True))
    return ProgramImages(
        names, labels, lambda chosen: images.codes([place / name for name in chosen], program)
    )


def _digits(program: "IntegerProgram") -> ProgramImages:
    if program.model != EMBEDDED:
        raise ValueError(f"A program of {program.model} needs images: "
                         f"only {EMBEDDED} has some of its own")
    names, pixels, labels = digits.named("held_out")
    if tuple(program.image.shape) != (1, *pixels.shape[1:]):
        raise ValueError(f"A program of {EMBEDDED} takes digits of 1 channel, 28 x 28, "
                         f"not {tuple(program.image.shape)}")
    place = {name: n for n, name in enumerate(names)}
    return ProgramImages(
        names, dict(zip(names, labels.tolist(), strict=True)),
        lambda chosen: program.pixel_codes[0][pixels[[place[name] for name in chosen]]][
            :, np.newaxis],
    )
