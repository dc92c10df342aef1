"""Golden vectors of what is at hand in memory: a quantized model, or an integer program."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vit2rtl import __version__, inputs, program_images
from vit2rtl.golden.files import documents
from vit2rtl.golden.program.program import GRAPH, IntegerProgram, Op
from vit2rtl.golden.vectors.bundle import Bundle
from vit2rtl.golden.vectors.program_vectors_replay import Replayed
from vit2rtl.golden.vectors.program_vectors_schema import select
from vit2rtl.golden.vectors.program_vectors_writer import write_vectors

if TYPE_CHECKING:
    from vit2rtl.inputs import ImageSource
    from vit2rtl.quantized_vit import QuantizedViT


def record_units(
    quantized: "QuantizedViT",
    images: "ImageSource | None",
    out: str | Path,
    *,
    lanes: int,
    formats: Sequence[str],
) -> None:
    """Record vectors of the hardware units, see :func:`vit2rtl.record_vectors`."""
    from vit2rtl import checkpoint
    from vit2rtl.recording import write_bundle

    origin = quantized.known_origin()
    chosen = inputs.as_images(images, origin)
    if images is None:
        chosen = chosen.sample(1, seed=0)
    description, _ = checkpoint.contents(
        quantized, model=origin.model, preprocessing=origin.preprocessing,
        calibration=origin.calibration,
    )
    write_bundle(out, quantized, description, chosen, lanes=lanes, formats=formats)


def record_program(
    program: IntegerProgram,
    images: "ImageSource | None",
    out: str | Path,
    *,
    lanes: int,
    patterns: Sequence[str],
) -> None:
    """Record vectors of the ops of a program, see :func:`vit2rtl.record_vectors`."""
    ops = select(program, patterns)
    names, codes = _one(program) if images is None else inputs.image_codes(images, program)
    write_program_vectors(out, program, names, codes, ops=ops, lanes=lanes)


def _one(program: IntegerProgram) -> tuple[list[str], np.ndarray]:
    """Name and codes of a held-out image of the embedded model, for a program of it."""
    own = program_images.find(None, program)
    names = own.draw(1, seed=0)
    return names, own.codes(names)


def write_program_vectors(
    out: str | Path,
    program: IntegerProgram,
    names: Sequence[str],
    codes: np.ndarray,
    *,
    ops: Sequence[Op],
    lanes: int,
    progress: Callable[[int], object] = lambda count: None,
    parts: Sequence[Path] | None = None,
) -> None:
    """Write vectors of ops on images, with what they were made from in the manifest.

    names            of the images, for the manifest
    codes            uint8[images, channels, height, width]
    progress, parts  see :func:`~vit2rtl.golden.vectors.program_vectors_writer.write_vectors`
    """
    provenance = {
        "producer": f"vit2rtl {__version__}",
        "images": list(names),
        "program_sha256": documents.sha256_of(program.files()[GRAPH]),
    }
    write_vectors(out, program, codes, ops=ops, lanes=lanes, provenance=provenance,
                  progress=progress, parts=parts)


def replay_units(bundle: Bundle) -> Iterator[Replayed]:
    """Run each record of a bundle by its golden function and compare with what the files expect.

    A record is called by its instance and its name, its kind is the unit. Every bit must be equal.
    """
    for entry in bundle.entries:
        for record in entry.records:
            result = Replayed(f"{entry.instance.name}/{record.name}", entry.instance.unit.name,
                              record.elements)
            settings = {**record.configuration, **record.tables()}
            outputs = entry.instance.evaluate(record.inputs(), settings)
            for name, want in record.outputs().items():
                _compare(result, np.asarray(outputs[name]), want)
            yield result


def _compare(result: Replayed, got: np.ndarray, want: np.ndarray) -> None:
    different = got != want
    result.mismatches += int(different.sum())
    if result.first is None and different.any():
        index = np.unravel_index(int(different.argmax()), want.shape)
        place = ", ".join(map(str, index))
        result.first = f"element {place}: got {got[index]}, want {want[index]}"
