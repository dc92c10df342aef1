"""Folders of the product: telling what one holds, reading it, and writing models and programs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vit2rtl import checkpoint_schema
from vit2rtl.golden.files import documents
from vit2rtl.golden.program.program import GRAPH, IntegerProgram
from vit2rtl.golden.program.program import SCHEMA as PROGRAM
from vit2rtl.golden.program.reader import read_program
from vit2rtl.golden.vectors import program_vectors_schema
from vit2rtl.golden.vectors.bundle import read_bundle
from vit2rtl.golden.vectors.bundle_schema import MANIFEST, SCHEMA_NAME
from vit2rtl.golden.vectors.program_vectors_reader import ProgramVectors, read_vectors

if TYPE_CHECKING:
    from vit2rtl.golden.vectors.bundle import Bundle
    from vit2rtl.quantized_vit import QuantizedViT


def _checkpoint(folder: Path) -> "QuantizedViT":
    from vit2rtl import checkpoint
    from vit2rtl.origin import Origin

    quantized, description = checkpoint.load(folder)
    quantized.origin = Origin.of_description(description)
    return quantized


# Schema's name -> (file that states it, what the folder is, its reader)
_KINDS: dict[str, tuple[str, str, Callable[[Path], Any]]] = {
    checkpoint_schema.SCHEMA_NAME: (checkpoint_schema.DESCRIPTION, "a checkpoint", _checkpoint),
    PROGRAM.partition("/")[0]: (GRAPH, "an integer program", read_program),
    SCHEMA_NAME: (MANIFEST, "golden vectors of units", read_bundle),
    program_vectors_schema.SCHEMA_NAME: (MANIFEST, "golden vectors of a program", read_vectors),
}


def kind(folder: Path) -> str | None:
    """The name of the schema of what a folder holds, None where it holds none of ours."""
    for name, (file, _, _) in _KINDS.items():
        if (documents.schema_of(folder / file) or "").partition("/")[0] == name:
            return name
    return None


def read(folder: Path) -> "QuantizedViT | IntegerProgram | Bundle | ProgramVectors":
    """What a folder holds, checked by the reader of its kind.

    raises   ValueError for a folder of none of these kinds, or with something wrong in it
    """
    name = kind(folder)
    if name is None:
        kinds = ", ".join(title for _, title, _ in _KINDS.values())
        raise ValueError(f"{folder} holds none of these: {kinds}")
    return _KINDS[name][2](folder)


def write(thing: "QuantizedViT | IntegerProgram", folder: Path) -> None:
    """Write a model or a program; a TypeError for anything else."""
    if isinstance(thing, IntegerProgram):
        thing.save(folder)
        return
    from vit2rtl import checkpoint
    from vit2rtl.quantized_vit import QuantizedViT

    if not isinstance(thing, QuantizedViT):
        raise TypeError("What can be saved is a QuantizedViT or an IntegerProgram, "
                        f"not {type(thing).__name__}")
    origin = thing.known_origin()
    checkpoint.check_architecture(thing, origin.model)
    checkpoint.save(folder, thing, model=origin.model, preprocessing=origin.preprocessing,
                    calibration=origin.calibration)
