"""Options and helpers that several commands share."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vit2rtl import checkpoint_schema
from vit2rtl.checkpoint_schema import describe
from vit2rtl.golden.engine import CONFIGURATIONS, Configuration, fitting
from vit2rtl.golden.engine.compiler import GROUPS
from vit2rtl.golden.program import images as image_files
from vit2rtl.origin import EMBEDDED

if TYPE_CHECKING:
    from vit2rtl.golden.program.program import IntegerProgram
    from vit2rtl.models.images import Images
    from vit2rtl.program_images import ProgramImages
    from vit2rtl.quantized_vit import QuantizedViT

_LOOKED_AT = 8


def read_program(folder: str) -> "IntegerProgram":
    """The program in a folder; a ValueError says what makes one of a checkpoint."""
    from vit2rtl.golden.program import reader

    if checkpoint_schema.parts(Path(folder)) is not None:
        raise ValueError(f"{folder} is a checkpoint; vit2rtl lower {folder} --out PROGRAM makes a "
                         "program of it")
    return reader.read_program(folder)


FOLDER = click.Path(file_okay=False, path_type=str)
FILE = click.Path(dir_okay=False, path_type=str)
SEED = click.IntRange(0, 2**32 - 1)

images = click.option(
    "--images", "folder", type=FOLDER,
    help="Image folder: class sub-folders, or flat with labels.csv (file,class_index). "
         "The embedded model has images of its own.",
)
only = click.option("--list", "listed", type=FILE, help="Use only the images named in this file.")
engine = click.option(
    "--engine", type=click.Choice([*CONFIGURATIONS]), help="Sizes of the engine's hardware.")
fitting_engine = click.option(
    "--engine", type=click.Choice([*CONFIGURATIONS]),
    help="Sizes of the engine's hardware; by default the first that the program fits.")
token_groups = click.option(
    "--groups", type=click.IntRange(1, 2), default=GROUPS, show_default=True,
    help="Of tokens: one's products hide what the other one waits for.")
device = click.option(
    "--device", default="cpu", show_default=True,
    help="Device that computes, as torch names it: cpu, cuda, cuda:1, ... Files are the same in "
         "format; sums in another order may differ in their last bits.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def configuration(engine: str | None, program: "IntegerProgram") -> Configuration:
    """The one named, or the first that the program fits."""
    return CONFIGURATIONS[engine] if engine else fitting(program)


def load_checkpoint(
    folder: str, device: str = "cpu"
) -> "tuple[QuantizedViT, dict[str, Any]]":
    """(model, description); a folder that is no checkpoint is refused before torch is loaded, and a
    device that torch has not before the model is."""
    describe(folder)
    from vit2rtl import checkpoint
    from vit2rtl.models import devices

    return checkpoint.load(folder, devices.find(device))


def check_images(folder: str | None, *, model_name: str) -> None:
    """A usage error or ValueError now rather than once the model is there."""
    if folder:
        image_files.find(folder)
    elif model_name != EMBEDDED:
        raise click.UsageError("Missing option '--images': a folder of images")


def embedded_images(split: str) -> "Images":
    """The embedded model's own; they and the model need torch, which is loaded only now."""
    from vit2rtl.models import images

    return images.embedded_images(split)


def find_images(
    folder: str | None, config: dict[str, Any], *, model_name: str, split: str
) -> "Images":
    """The images of a folder, or the embedded model's own where no folder is given."""
    check_images(folder, model_name=model_name)
    if not folder:
        return embedded_images(split)
    from vit2rtl.models.images import open_images

    images = open_images(folder, config)
    _warn_of_colour(folder, images.names, config["input_size"][0])
    return images


def program_images(folder: str | None, program: "IntegerProgram") -> "ProgramImages":
    """The images of a folder, or the embedded model's own for a program of it; no torch."""
    from vit2rtl import program_images

    if not folder and program.model != EMBEDDED:
        raise click.UsageError("Missing option '--images': a folder of images")
    images = program_images.find(folder, program)
    if folder:
        _warn_of_colour(folder, images.names, program.image.shape[0])
    return images


def warn_of_folders(count: int, classes: int) -> None:
    """A line on standard error where class sub-folders are not as many as classes."""
    if count != classes:
        click.echo(f"Warning: {count} class sub-folders for {classes} classes; they count as "
                   f"classes 0, 1, ... in alphabetical order ({image_files.LABELS} names any)",
                   err=True)


def _warn_of_colour(folder: str, names: Sequence[str], channels: int) -> None:
    """Say so where images in colour, of which some are looked at, go into a grey model."""
    if channels > 1:
        return
    coloured = (name for name in names[:_LOOKED_AT] if image_files.is_colour(Path(folder) / name))
    if name := next(coloured, None):
        click.echo(f"Warning: {name} is in colour, and the model takes one channel: "
                   "images are made grey", err=True)


def choose(images: "Images", listed: str | None, exclude: str | None = None) -> "Images":
    """The images that ``--list`` and ``--exclude`` leave."""
    return images.only(choose_names(images.names, listed, exclude))


def choose_names(
    names: Sequence[str], listed: str | None, exclude: str | None = None
) -> list[str]:
    """The names that ``--list`` and ``--exclude`` leave, in the order of the list.

    raises   ValueError where a file names an image that is not among them, or none is left
    """
    left_out = set(_named(exclude, names)) if exclude else set()
    chosen = [name for name in (_named(listed, names) if listed else names)
              if name not in left_out]
    if not chosen:
        raise ValueError("No images are left to use")
    return chosen


def _named(file: str, names: Sequence[str]) -> list[str]:
    """The images that a file names; a name that is not there is an error."""
    present = set(names)
    listed = image_files.read_list(file)
    unknown = [name for name in listed if name not in present]
    if unknown:
        raise ValueError(f"The list names {unknown[0]!r}, which is not among the images")
    return listed


def check_file(path: str, what: str) -> None:
    """A ValueError now rather than after hours, where a file could not be written there."""
    place = Path(path).absolute()
    if place.is_dir():
        raise ValueError(f"{what} cannot be written to {path}: it is a folder")
    if not place.parent.is_dir():
        raise ValueError(f"{what} cannot be written to {path}: "
                         f"{Path(path).parent} is no folder")
    if not os.access(place if place.exists() else place.parent, os.W_OK):
        raise ValueError(f"{what} cannot be written to {path}: no permission")


def show_json(value: Any) -> None:
    """Print a value as the JSON of ``--json``, the same for the same value."""
    click.echo(json.dumps(value, indent=1, sort_keys=True))
