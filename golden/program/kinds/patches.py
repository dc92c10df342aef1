"""Cuts the image into rows of pixels, one a patch; what is less than a patch is left out."""

from math import prod

import numpy as np

from vit2rtl.golden.program.conditions import same_codes
from vit2rtl.golden.program.kind import EXACT, LIST, Attribute, Kind
from vit2rtl.golden.program.program import Op, Tensor


def check(op: Op, image: Tensor) -> str | None:
    patch = op.attributes["patch"]
    if len(patch) != 2 or not all(type(n) is int and n > 0 for n in patch):
        return f"patch must be two sizes, not {patch}"
    channels, height, width = image.shape
    shape = (height // patch[0] * (width // patch[1]), channels * prod(patch))
    if op.output.shape != shape:
        return f"output shape {op.output.shape} does not fit patches of {patch}"
    return same_codes(op.output, image)


def run(op: Op, image: np.ndarray) -> np.ndarray:
    """uint8[images, channels, height, width] -> [images, patches, channels * ph * pw]"""
    count, channels, height, width = image.shape
    ph, pw = op.attributes["patch"]
    image = image[..., :height // ph * ph, :width // pw * pw]
    cut = image.reshape(count, channels, height // ph, ph, width // pw, pw)
    return cut.transpose(0, 2, 4, 1, 3, 5).reshape(count, *op.output.shape)


KIND = Kind(
    module=__name__,
    inputs=("image",),
    attributes={"patch": Attribute(LIST)},
    check=check,
    run=run,
    formula="rows of pixels, one a whole patch: channel, then row, then column",
    rounding=EXACT,
    unnamed=True,
)
