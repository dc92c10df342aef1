"""Replays vectors of a program: every op on its own inputs, from the files alone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vit2rtl.golden.program.execute import run_op
from vit2rtl.golden.vectors.program_vectors_reader import ProgramVectors

# Reals may differ by this share of the largest: numpy's exp and sums depend on the machine.
REAL_TOLERANCE = 2.0**-40


@dataclass
class Replayed:
    """One op.

    elements    of its output, of all images
    mismatches  elements that differ
    first       of these: image, index, and what was got and wanted; None without one
    """

    op: str
    kind: str
    elements: int = 0
    mismatches: int = 0
    first: str | None = None


def replay(
    vectors: ProgramVectors, *, progress: Callable[[int], object] = lambda count: None
) -> list[Replayed]:
    """Run each op of a bundle by the golden functions and compare with what the files expect.

    progress  called with the number of ops run, images times ops in all
    returns   in the program's order

    Integers must be equal; reals (variant ``hardware``) up to :data:`REAL_TOLERANCE`.
    """
    results = {op.name: Replayed(op.name, op.kind) for op in vectors.ops}
    for image in range(vectors.images):
        for op in vectors.ops:
            inputs = [vectors.tensor(name, image)[np.newaxis] for name in op.inputs]
            want = vectors.tensor(op.output.name, image)
            _compare(results[op.name], image, run_op(op, inputs)[0], want)
            progress(1)
    return list(results.values())


def _compare(result: Replayed, image: int, got: np.ndarray, want: np.ndarray) -> None:
    if want.dtype.kind == "f":
        different = ~(np.abs(got - want) <= REAL_TOLERANCE * np.abs(want).max())
    else:
        different = got != want
    result.elements += want.size
    result.mismatches += int(different.sum())
    if result.first is None and different.any():
        index = np.unravel_index(int(different.argmax()), want.shape)
        result.first = (f"image {image}, element {list(map(int, index))}: got {got[index]}, "
                        f"want {want[index]}")
