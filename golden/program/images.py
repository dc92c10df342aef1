"""Image files without torch: which there are, and their pixels as timm's evaluation crops them."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vit2rtl.golden.program.program import IntegerProgram

if TYPE_CHECKING:
    import PIL.Image

LABELS = "labels.csv"
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
_COLOURS = ("RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB", "HSV")
_CROPS = ("center", "squash", "border")
_FILTERS = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")
# What timm's preprocessing of a model says, see :func:`check_prepared`.
PREPROCESSING = ("input_size", "interpolation", "mean", "std", "crop_pct", "crop_mode")
# Images are resized to the input size over this: below, a photo would fill the memory.
LEAST_CROP = 0.1
# Of pixels from 0 to 1; 1/255 as deviation makes them 0 to 255.
MEANS, DEVIATIONS = (-256, 256), (0.001, 256)


def find(folder: str | Path) -> tuple[list[str], list[int] | None, int | None]:
    """(names, class indices or None, number of class sub-folders or None) of a folder.

    Class sub-folders, or flat with ``labels.csv`` (file,class_index).

    raises   ValueError naming the folder, or the line of ``labels.csv``, that is wrong
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"Image folder {folder} does not exist")
    names, labels, classes = (
        _labelled(folder) if (folder / LABELS).is_file() else _scanned(folder))
    if not names:
        raise ValueError(f"Image folder {folder} holds no images ({', '.join(sorted(SUFFIXES))})")
    return names, labels, classes


def read_list(path: str | Path) -> list[str]:
    """Image names from a text file, one a line; empty lines are skipped."""
    names = [line.strip() for line in _text(path).splitlines()]
    return [name for name in names if name]


def _text(path: str | Path) -> str:
    """What a file of UTF-8 says, with or without a mark at its start."""
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8 (byte {error.start})") from error


def pixels(path: str | Path, preprocessing: Mapping[str, Any]) -> np.ndarray:
    """uint8[channels, height, width]: resized, antialiased, and cropped from the middle.

    preprocessing  ``input_size``, ``interpolation``, ``crop_pct``, ``crop_mode`` as timm has them
    """
    from PIL import Image

    channels, *size = check_preprocessing(preprocessing)
    image = opened(path, "L" if channels == 1 else "RGB")
    resized = _resized(image.size, (size[1], size[0]), preprocessing.get("crop_pct", 1.0))
    if resized != image.size:
        image = image.resize(resized, Image.Resampling[preprocessing["interpolation"].upper()])
    width, height = image.size
    left, top = (round((side - target) / 2.0)
                 for side, target in zip((width, height), size[::-1], strict=True))
    image = image.crop((left, top, left + size[1], top + size[0]))
    return np.atleast_3d(np.asarray(image)).transpose(2, 0, 1)


def opened(path: str | Path, mode: str) -> "PIL.Image.Image":
    """The image of a regular file, converted; a ValueError names the file that is none."""
    from PIL import Image

    if not Path(path).is_file():
        raise ValueError(f"Image {path} is no regular file")
    try:
        with Image.open(path) as file:
            return file.convert(mode)
    # Pillow raises SyntaxError for a PNG that is broken in the middle, ValueError for nonsense in a
    # header, and an error of its own for sizes that would fill the memory.
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"Image {path} cannot be read ({error})") from error


def is_colour(path: str | Path) -> bool:
    """Whether an image file says that it has colours; False for what cannot be read."""
    from PIL import Image

    try:
        if not Path(path).is_file():
            return False
        with Image.open(path) as file:
            return file.mode in _COLOURS
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False


def _resized(
    sides: tuple[int, int], crop: tuple[int, int], crop_pct: float
) -> tuple[int, int]:
    """(width, height) that an image is brought to before it is cropped.

    The shorter side fits a square, and the longer one is cut down to an integer; of other shapes
    the tighter side fits, and both are rounded.
    """
    width, height = sides
    targets = [math.floor(side / crop_pct) for side in crop]
    if targets[0] == targets[1]:
        short, target = min(sides), targets[0]
        return (int(target * width / short) if width > short else target,
                int(target * height / short) if height > short else target)
    ratio = min(side / target for side, target in zip(sides, targets, strict=True))
    return round(width / ratio), round(height / ratio)


def check_prepared(preprocessing: Mapping[str, Any]) -> None:
    """A ValueError for a preprocessing that timm does not have, or that makes no numbers."""
    if extra := sorted(set(preprocessing) - set(PREPROCESSING)):
        raise ValueError(f"Preprocessing has no {extra[0]!r}, only {', '.join(PREPROCESSING)}")
    mode = preprocessing.get("crop_mode", "center")
    if mode not in _CROPS:
        raise ValueError(f"crop_mode must be one of {', '.join(_CROPS)}, not {mode!r}")
    channels, *_ = check_preprocessing({**preprocessing, "crop_mode": "center"})
    for key, (low, high) in (("mean", MEANS), ("std", DEVIATIONS)):
        numbers = preprocessing.get(key)
        if not (isinstance(numbers, list) and len(numbers) == channels
                and all(_is_between(number, low, high) for number in numbers)):
            what = "1 number" if channels == 1 else f"{channels} numbers"
            raise ValueError(f"{key} must be {what} between {low} and {high}, one a channel, "
                             f"not {numbers!r}")


def _is_between(number: Any, low: float, high: float) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and (
        low <= number <= high)


def check_preprocessing(preprocessing: Mapping[str, Any]) -> list[int]:
    """The input size; a ValueError for what :func:`pixels` does not do."""
    size = preprocessing.get("input_size")
    if not (isinstance(size, list) and len(size) == 3 and all(type(n) is int for n in size)
            and size[0] in (1, 3) and min(size) > 0):
        raise ValueError("Input size must be 1 or 3 channels, a height and a width, "
                         f"not {size!r}")
    if preprocessing.get("interpolation") not in _FILTERS:
        raise ValueError(f"Interpolation must be one of {', '.join(_FILTERS)}, "
                         f"not {preprocessing.get('interpolation')!r}")
    share = preprocessing.get("crop_pct", 1.0)
    if not _is_between(share, LEAST_CROP, 1):
        raise ValueError(f"crop_pct must be between {LEAST_CROP} and 1, not {share!r}")
    if preprocessing.get("crop_mode", "center") != "center":
        raise ValueError(f"crop_mode must be center, not {preprocessing['crop_mode']!r}")
    return size


def codes(paths: Iterable[str | Path], program: IntegerProgram) -> np.ndarray:
    """uint8[images, channels, height, width]: image codes of a program, pixel by pixel."""
    crops = [pixels(path, program.preprocessing) for path in paths]
    channels = np.arange(program.image.shape[0])[:, np.newaxis, np.newaxis]
    return np.stack([program.pixel_codes[channels, image] for image in crops])


def _labelled(folder: Path) -> tuple[list[str], list[int], None]:
    labels: dict[str, int] = {}
    place = folder / LABELS
    with io.StringIO(_text(place), newline="") as file:
        rows = csv.DictReader(file)
        try:
            if not {"file", "class_index"} <= set(rows.fieldnames or ()):
                raise ValueError(f"{place} must have the columns file,class_index")
            for row in rows:
                labels |= _label(folder, f"{place} line {rows.line_num}", row, labels)
        except csv.Error as error:
            raise ValueError(f"{place} line {rows.reader.line_num}: {error}") from error
    return list(labels), list(labels.values()), None


def _label(
    folder: Path, where: str, row: Mapping[str, str], known: Mapping[str, int]
) -> dict[str, int]:
    """One row's file and class; a ValueError says which line is wrong."""
    name = row["file"]
    if not (name and (folder / name).is_file()):
        raise ValueError(f"{where}: no file {name!r}")
    if name in known:
        raise ValueError(f"{where}: {name!r} is there twice")
    try:
        return {name: int(row["class_index"])}
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{where}: class_index must be an integer, not {row['class_index']!r}"
        ) from error


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _images(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.suffix.lower() in SUFFIXES]


def _scanned(folder: Path) -> tuple[list[str], list[int] | None, int | None]:
    classes = [path for path in _visible(folder) if path.is_dir()]
    if not classes:
        return [path.name for path in _images(folder)], None, None
    if all(p.name.isdecimal() for p in classes):
        classes.sort(key=lambda p: int(p.name))  # 2 before 10, which the alphabet has behind it
    loose = _images(folder)
    if loose:
        raise ValueError(
            f"Image folder {folder} holds both class sub-folders and images ({loose[0].name}): "
            f"move the images into classes, or name all images in a {LABELS}"
        )
    labelled = [(path, label) for label, group in enumerate(classes) for path in _images(group)]
    names = [path.relative_to(folder).as_posix() for path, _ in labelled]
    return names, [label for _, label in labelled], len(classes)
