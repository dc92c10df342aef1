"""Pictures of what detectors find: boxes, masks and classes, one detector beside the other."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.Image import Image as Picture

# Okabe and Ito's colours, which the colour-blind tell apart; objects take turns.
COLOURS = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178),
           (213, 94, 0), (204, 121, 167))
# Small images are enlarged to at least so many pixels a side, in whole steps.
LEAST_SIDE = 320
_GAP, _HEAD = 8, 22
_OPACITY = 0.45


@dataclass(frozen=True)
class Found:
    """Objects of an image.

    boxes   float[n, 4]: left, top, right, bottom in pixels
    masks   bool[n, height, width]
    titles  of each, "person 0.93"
    """

    boxes: np.ndarray
    masks: np.ndarray
    titles: Sequence[str]


def picture(pixels: np.ndarray, panels: Mapping[str, Found]) -> Picture:
    """The image once for each panel, side by side, a title above each.

    pixels  uint8[height, width, 3]
    """
    height, width = pixels.shape[:2]
    factor = max(1, -(-LEAST_SIDE // min(height, width)))
    across, down = width * factor, height * factor
    page = Image.new("RGB", (len(panels) * (across + _GAP) - _GAP, down + _HEAD), "white")
    draw = ImageDraw.Draw(page)
    for n, (title, found) in enumerate(panels.items()):
        left = n * (across + _GAP)
        page.paste(_panel(pixels, found, factor), (left, _HEAD))
        draw.text((left + 2, 3), title, "black", _font(14))
    return page


def stacked(pictures: Sequence[Picture]) -> Picture:
    """One picture of several, one below the other."""
    page = Image.new("RGB", (max(one.width for one in pictures),
                             sum(one.height + _GAP for one in pictures) - _GAP), "white")
    top = 0
    for one in pictures:
        page.paste(one, (0, top))
        top += one.height + _GAP
    return page


def png(one: Picture) -> bytes:
    """A picture as the bytes of a PNG file, the same for the same picture."""
    data = io.BytesIO()
    one.save(data, format="PNG", optimize=True)
    return data.getvalue()


def _panel(pixels: np.ndarray, found: Found, factor: int) -> Picture:
    """An image, enlarged, with its masks in colour, and boxes and titles in the same."""
    tinted = pixels.astype(np.float64)
    for n, mask in enumerate(found.masks):
        tint = np.array(COLOURS[n % len(COLOURS)])
        tinted[mask] = (1 - _OPACITY) * tinted[mask] + _OPACITY * tint
    panel = Image.fromarray(tinted.round().astype(np.uint8)).resize(
        (pixels.shape[1] * factor, pixels.shape[0] * factor), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(panel)
    for n, (box, title) in enumerate(zip(found.boxes, found.titles, strict=True)):
        colour = COLOURS[n % len(COLOURS)]
        left, top, right, bottom = (float(side) * factor for side in box)
        draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour,
                       width=2)
        place = (left + 2, max(0.0, top - 15))
        draw.rectangle(draw.textbbox(place, title, _font(12)), fill=colour)
        draw.text(place, title, "black", _font(12))
    return panel


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own, so that pictures are the same wherever they are drawn."""
    return ImageFont.load_default(size)
