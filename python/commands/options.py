"""Options and helpers that several commands share."""

import json
import os
from pathlib import Path

import click

from vit2rtl.golden.program.images import read_list

FOLDER = click.Path(file_okay=False, path_type=str)
FILE = click.Path(dir_okay=False, path_type=str)
SEED = click.IntRange(0, 2**32 - 1)

images = click.option(
    "--images", "folder", type=FOLDER,
    help="Image folder: class sub-folders, or flat with labels.csv (file,class_index). "
         "The embedded model has images of its own.",
)
only = click.option("--list", "listed", type=FILE, help="Use only the images named in this file.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def embedded_images(split):
    """The embedded model's own; they and the model need torch, which is loaded only now."""
    from vit2rtl.models import images

    return images.embedded_images(split)


def find_images(folder, config, *, model_name, split):
    """The images of a folder, or the embedded model's own where no folder is given."""
    from vit2rtl.models import embedded
    from vit2rtl.models.images import open_images

    if folder:
        return open_images(folder, config)
    if model_name != embedded.MODEL_NAME:
        raise click.UsageError("Missing option '--images': a folder of images")
    return embedded_images(split)


def choose(found, listed, exclude=None):
    """Apply ``--list`` and ``--exclude``."""
    if listed:
        found = found.only(read_list(listed))
    if exclude:
        found = found.excluding(read_list(exclude))
    if not len(found):
        raise ValueError("No images are left to use")
    return found


def check_file(path, what):
    """A ValueError now rather than after hours, where a file could not be written there."""
    place = Path(path).absolute()
    if place.is_dir():
        raise ValueError(f"{what} cannot be written to {path}: it is a folder")
    if not place.parent.is_dir():
        raise ValueError(f"{what} cannot be written to {path}: "
                         f"{Path(path).parent} is no folder")
    if not os.access(place if place.exists() else place.parent, os.W_OK):
        raise ValueError(f"{what} cannot be written to {path}: no permission")


def show_json(value):
    click.echo(json.dumps(value, indent=1, sort_keys=True))
