"""Image files without torch: which there are, and their pixels as timm's evaluation crops them."""

import csv
import io
import math
from pathlib import Path

import numpy as np

LABELS = "labels.csv"
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
_FILTERS = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")


def find(folder):
    """(names, class indices or None, number of class sub-folders or None) of a folder.

    Class sub-folders, or flat with ``labels.csv`` (file,class_index).

    raises   ValueError naming the folder, or the line of ``labels.csv``, that is wrong
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"Image folder {folder} does not exist")
    if (folder / LABELS).is_file():
        (names, labels), classes = _labelled(folder), None
    else:
        names, labels, classes = _scanned(folder)
    if not names:
        raise ValueError(f"Image folder {folder} holds no images ({', '.join(sorted(SUFFIXES))})")
    return names, labels, classes


def read_list(path):
    """Image names from a text file, one a line; empty lines are skipped."""
    names = [line.strip() for line in _text(path).splitlines()]
    return [name for name in names if name]


def _text(path):
    """What a file of UTF-8 says, with or without a mark at its start."""
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8 (byte {error.start})") from error


def pixels(path, preprocessing):
    """uint8[channels, height, width]: resized, antialiased, and cropped from the middle.

    preprocessing  ``input_size``, ``interpolation``, ``crop_pct``, ``crop_mode`` as timm has them
    """
    from PIL import Image, UnidentifiedImageError

    channels, *size = check_preprocessing(preprocessing)
    try:
        with Image.open(path) as image:
            image = image.convert("L" if channels == 1 else "RGB")
    # Pillow raises SyntaxError for a PNG that is broken in the middle.
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"Image {path} cannot be read ({error})") from error
    resized = _resized(image.size, size[::-1], preprocessing.get("crop_pct", 1.0))
    if resized != image.size:
        image = image.resize(resized, Image.Resampling[preprocessing["interpolation"].upper()])
    width, height = image.size
    left, top = (round((side - target) / 2.0)
                 for side, target in zip((width, height), size[::-1], strict=True))
    image = image.crop((left, top, left + size[1], top + size[0]))
    return np.atleast_3d(np.asarray(image)).transpose(2, 0, 1)


def _resized(sides, wanted, crop_pct):
    """(width, height) that an image is brought to before it is cropped to ``wanted``.

    The shorter side fits a square, and the longer one is cut down to an integer; of other shapes
    the tighter side fits, and both are rounded.
    """
    wanted = [math.floor(side / crop_pct) for side in wanted]
    if wanted[0] == wanted[1]:
        short = min(sides)
        return tuple(int(wanted[0] * side / short) if side > short else wanted[0]
                     for side in sides)
    ratio = min(side / target for side, target in zip(sides, wanted, strict=True))
    return tuple(round(side / ratio) for side in sides)


def check_preprocessing(preprocessing):
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
    if not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"crop_pct must be above 0 and at most 1, not {share!r}")
    if preprocessing.get("crop_mode", "center") != "center":
        raise ValueError(f"crop_mode must be center, not {preprocessing['crop_mode']!r}")
    return size


def codes(paths, program):
    """uint8[images, channels, height, width]: image codes of a program, pixel by pixel."""
    cut = [pixels(path, program.preprocessing) for path in paths]
    channels = np.arange(program.image.shape[0])[:, np.newaxis, np.newaxis]
    return np.stack([program.pixel_codes[channels, image] for image in cut])


def _labelled(folder):
    names, labels = [], []
    with io.StringIO(_text(folder / LABELS), newline="") as file:
        rows = csv.DictReader(file)
        if not {"file", "class_index"} <= set(rows.fieldnames or ()):
            raise ValueError(f"{folder / LABELS} must have the columns file,class_index")
        for row in rows:
            if not (row["file"] and (folder / row["file"]).is_file()):
                raise ValueError(f"{folder / LABELS} line {rows.line_num}: no file {row['file']!r}")
            try:
                label = int(row["class_index"])
            except (TypeError, ValueError) as error:
                raise ValueError(
                    f"{folder / LABELS} line {rows.line_num}: class_index must be an integer, "
                    f"not {row['class_index']!r}"
                ) from error
            names.append(row["file"])
            labels.append(label)
    return names, labels


def _scanned(folder):
    def images(path):
        return [p for p in visible(path) if p.suffix.lower() in SUFFIXES]

    def visible(path):
        return sorted(p for p in path.iterdir() if not p.name.startswith("."))

    classes = [p for p in visible(folder) if p.is_dir()]
    if not classes:
        return [p.name for p in images(folder)], None, None
    if all(p.name.isdecimal() for p in classes):
        classes.sort(key=lambda p: int(p.name))  # 2 before 10, which the alphabet has behind it
    loose = images(folder)
    if loose:
        raise ValueError(
            f"Image folder {folder} holds both class sub-folders and images ({loose[0].name}): "
            f"move the images into classes, or name all images in a {LABELS}"
        )
    found = [(p, label) for label, path in enumerate(classes) for p in images(path)]
    names = [p.relative_to(folder).as_posix() for p, _ in found]
    return names, [label for _, label in found], len(classes)
