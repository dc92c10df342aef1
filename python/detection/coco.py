"""COCO folders, read and checked: ``annotations/instances_val2017.json`` beside ``val2017/``."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vit2rtl.detection import coco_masks
from vit2rtl.golden.files import documents
from vit2rtl.golden.program.images import opened

ANNOTATIONS = "annotations"
PREFIX = "instances_"
# The part of a folder with several that is measured on.
PREFERRED = "val2017"


@dataclass(frozen=True)
class Coco:
    """Annotated images, in the order of their file.

    images       {"id", "file_name", "height", "width"} of each
    annotations  {"id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation"} of
                 each object, bbox x, y, width, height in pixels, segmentation as compressed run
                 lengths
    categories   names by id
    folder       where the images are
    """

    images: list[dict[str, Any]]
    annotations: list[dict[str, Any]]
    categories: Mapping[int, str]
    folder: Path

    def __len__(self) -> int:
        return len(self.images)

    def pixels(self, index: int) -> np.ndarray:
        """uint8[height, width, 3] of an image; a ValueError where it is not what is annotated."""
        entry = self.images[index]
        image = opened(self.folder / entry["file_name"], "RGB")
        if image.size != (entry["width"], entry["height"]):
            raise ValueError(
                f"Image {self.folder / entry['file_name']} is {image.width} × {image.height}, its "
                f"annotations are of {entry['width']} × {entry['height']}")
        return np.asarray(image)

    def first(self, count: int | None) -> "Coco":
        """The first images with what is annotated on them; all of them for None. A ValueError
        where that is nothing to measure by."""
        if count is None or count >= len(self):
            return self
        images = self.images[:count]
        kept = {entry["id"] for entry in images}
        annotations = [one for one in self.annotations if one["image_id"] in kept]
        _check_counted(annotations, f"None of the first {count} images")
        return Coco(images, annotations, self.categories, self.folder)

    def check_categories(self, names: Mapping[int, str]) -> None:
        """A ValueError unless all that is annotated is of the model's categories, names by id."""
        for one in self.annotations:
            category = one["category_id"]
            name = self.categories[category]
            if category not in names:
                known = ", ".join(map(str, [*names][:5])) + (", ..." if len(names) > 5 else "")
                raise ValueError(f"Category {category} ({name!r}) is not the model's, which has "
                                 f"{len(names)}: {known}")
            if names[category] != name:
                raise ValueError(f"Category {category} is {name!r} in the annotations and "
                                 f"{names[category]!r} in the model")


def open_coco(source: str | Path, images: str | Path | None = None) -> Coco:
    """The annotations of a COCO folder, or of a JSON file with its images in another folder.

    source  folder with ``annotations/instances_NAME.json`` beside ``NAME/``, val2017 where there
            are several; or the JSON file
    images  the images' folder where it is another one; needed for a JSON file
    raises  ValueError naming the file, and the image or annotation, that is wrong
    """
    source = Path(source)
    if source.is_dir():
        file = _annotations_of(source)
        folder = Path(images) if images else source / file.stem.removeprefix(PREFIX)
    else:
        file = source
        if not file.is_file():
            raise ValueError(f"COCO folder or annotations {file} do not exist")
        if images is None:
            raise ValueError(f"{file} needs --images, the folder of its images")
        folder = Path(images)
    if not folder.is_dir():
        raise ValueError(f"Folder {folder} of the images of {file} does not exist")
    document = documents.parse(file.read_bytes(), str(file))
    return _checked(document, str(file), folder)


def _annotations_of(folder: Path) -> Path:
    files = sorted((folder / ANNOTATIONS).glob(f"{PREFIX}*.json"))
    if not files:
        raise ValueError(f"{folder} is no COCO folder: it has no {ANNOTATIONS}/{PREFIX}*.json")
    by_name = {file.stem.removeprefix(PREFIX): file for file in files}
    if len(files) > 1 and PREFERRED not in by_name:
        raise ValueError(f"{folder} has annotations of {', '.join(by_name)}: name the file that "
                         "is meant, and its images by --images")
    return by_name.get(PREFERRED, files[0])


def _checked(document: Any, file: str, folder: Path) -> Coco:
    """What an annotations file says; nothing in it is trusted."""
    parts = document if isinstance(document, dict) else {}
    images, objects, categories = (
        _entries(parts, key, file) for key in ("images", "annotations", "categories"))
    if not images:
        raise ValueError(f"{file} has no images")
    if not objects:
        raise ValueError(f"{file} has no annotations of its {len(images)} images")
    names = {_number(one, "id", f"A category of {file}"): str(one.get("name", ""))
             for one in categories}
    entries: dict[int, dict[str, Any]] = {}
    for one in images:
        entry = _image(one, file, folder)
        if entry["id"] in entries:
            raise ValueError(f"{file} has two images of id {entry['id']}")
        entries[entry["id"]] = entry
    annotations = [_object(one, n, file, entries, names) for n, one in enumerate(objects, 1)]
    ids = Counter(repr(one["id"]) for one in objects if "id" in one)
    if ids and (most := ids.most_common(1)[0])[1] > 1:
        raise ValueError(f"{file} has two annotations of id {most[0]}")
    _check_counted(annotations, f"No image of {file}")
    return Coco([*entries.values()], annotations, names, folder)


def _check_counted(annotations: Iterable[Mapping[str, Any]], subject: str) -> None:
    if all(one["iscrowd"] for one in annotations):
        raise ValueError(f"{subject} has an object that counts: crowds ('iscrowd': 1) do not")


def _entries(parts: Mapping[str, Any], key: str, file: str) -> list[dict[str, Any]]:
    found = parts.get(key)
    if not (isinstance(found, list) and all(isinstance(one, dict) for one in found)):
        raise ValueError(f"{file} is no file of COCO annotations: it needs a list {key!r}")
    return found


def _number(one: Mapping[str, Any], key: str, where: str, least: int = 0) -> int:
    value = one.get(key)
    if not (isinstance(value, int) and not isinstance(value, bool) and value >= least):
        raise ValueError(f"{where} needs {key!r}, an integer from {least}, not {value!r}")
    return value


def _image(one: Mapping[str, Any], file: str, folder: Path) -> dict[str, Any]:
    name = one.get("file_name")
    if not isinstance(name, str) or not name:
        raise ValueError(f"An image of {file} needs 'file_name', not {name!r}")
    where = f"Image {name!r} of {file}"
    if not (folder / name).is_file():
        raise ValueError(f"{where} is not in {folder}")
    sizes = {key: _number(one, key, where, least=1) for key in ("height", "width")}
    return {"id": _number(one, "id", where), "file_name": name, **sizes}


def _object(
    one: Mapping[str, Any], place: int, file: str, images: Mapping[int, Mapping[str, int]],
    names: Mapping[int, str],
) -> dict[str, Any]:
    """An annotation with all that is measured by; what it lacks is that of its mask."""
    from pycocotools import mask

    where = f"Annotation {one.get('id', f'number {place}')} of {file}"
    image, category = (_number(one, key, where) for key in ("image_id", "category_id"))
    if image not in images:
        raise ValueError(f"{where} is of image {image}, which is not there")
    if category not in names:
        raise ValueError(f"{where} is of category {category}, which is not there")
    code = coco_masks.checked(
        one.get("segmentation"), images[image]["height"], images[image]["width"], where)
    box = one.get("bbox", mask.toBbox(code).tolist())
    area = one.get("area", float(mask.area(code)))
    numbers = [*box, area] if isinstance(box, list) and len(box) == 4 else [None]
    if not all(isinstance(n, int | float) and n >= 0 for n in numbers):
        raise ValueError(f"{where} needs 'bbox' (x, y, width, height) and 'area' of numbers from 0")
    crowd = one.get("iscrowd", 0)
    if crowd not in (0, 1):
        raise ValueError(f"{where} needs 'iscrowd' of 0 or 1, not {crowd!r}")
    return {"id": place, "image_id": image, "category_id": category, "bbox": box, "area": area,
            "iscrowd": int(crowd), "segmentation": code}
