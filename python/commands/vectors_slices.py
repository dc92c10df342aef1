"""Vectors of some images a task of the farm, which leaves them in files beside the bundle to be."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vit2rtl import program_images
from vit2rtl.commands import farm_options, slices
from vit2rtl.farm.cluster import cluster_of
from vit2rtl.farm.run import Cluster
from vit2rtl.farm.store import Store
from vit2rtl.farm.task import Task
from vit2rtl.golden.files.documents import sha256
from vit2rtl.golden.program.program import GRAPH, IntegerProgram, Op
from vit2rtl.golden.program.reader import read_program
from vit2rtl.golden.vectors.program_vectors_writer import Plan, record
from vit2rtl.golden.vectors.spool import Spooled
from vit2rtl.program_images import ProgramImages

if TYPE_CHECKING:
    from vit2rtl.models.images import Images
    from vit2rtl.quantized_vit import QuantizedViT
    from vit2rtl.recording import Recording

# The tasks; a version is raised where what it records changes.
OPS, OPS_VERSION = f"{__name__}:recorded_ops", 1
UNITS, UNITS_VERSION = f"{__name__}:recorded_units", 1


@dataclass(frozen=True)
class Farm:
    """Where tasks run, of what, and the folder that takes what they leave.

    source  folder of the program or the checkpoint
    images  folder of images; None for the embedded model's
    """

    cluster: Cluster
    folder: Path
    source: str
    images: str | None

    def run(self, tasks: Sequence[Task]) -> list[dict[str, Any]]:
        return farm_options.computed(tasks, Store(self.folder, kept=False), self.cluster,
                                     title="vectors", unit="task")

    def inputs(self, names: Sequence[str]) -> dict[str, Any]:
        """For workers that have another working directory."""
        places = {"source": self.source, "images": self.images}
        return {**{name: place and str(Path(place).absolute()) for name, place in places.items()},
                "names": [*names], "folder": str(self.folder)}


@contextmanager
def farm(cluster: str, jobs: int, out: Path, source: str, images: str | None) -> Iterator[Farm]:
    """A farm that leaves its files beside ``out``, where nodes share them, until the block ends."""
    out = out.absolute()
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        yield Farm(cluster_of(cluster, jobs), Path(folder), source, images)


def ops_of_images(made: Farm, ops: Sequence[Op], names: Sequence[str], lanes: int) -> list[Path]:
    """Folders, an image each, as ``parts`` of
    :func:`vit2rtl.golden.vectors.program_vectors_writer.write_vectors`."""
    whole = {"program": sha256(Path(made.source, GRAPH)), "ops": [op.name for op in ops],
             "lanes": lanes}
    tasks = [Task(OPS, OPS_VERSION, {**whole, "images": slices.identity(made.images, [name])},
                  made.inputs([name])) for name in names]
    return [Path(result["folder"]) for result in made.run(tasks)]


def recorded_ops(
    spec: Mapping[str, Any], source: str, images: str | None, names: Sequence[str], folder: str
) -> dict[str, Any]:
    """The task: ``folder``, a new one in that of the same name, which has the images' tensors."""
    program, available = _program(source, images, spec["program"])
    ops = [op for op in program.ops if op.name in spec["ops"]]
    new = Path(tempfile.mkdtemp(dir=folder))
    record(new, Plan.of(program, ops, images=len(names), lanes=spec["lanes"]), program,
           available.codes(names))
    return {"folder": str(new)}


def units_of_images(made: Farm) -> "Callable[[Recording, Images], Iterator[int]]":
    """What fills a recording, see :func:`vit2rtl.recording.write_bundle`."""
    from vit2rtl.recording import batches

    def fill(recording: "Recording", images: "Images") -> Iterator[int]:
        checkpoint = slices.checkpoint_digest(made.source)
        parts = [[images.names[n] for n in batch] for batch in batches(images)]
        tasks = [Task(UNITS, UNITS_VERSION, {
            "checkpoint": checkpoint, "images": slices.identity(made.images, part)},
            made.inputs(part)) for part in parts]
        for part, result in zip(parts, made.run(tasks), strict=True):
            recording.extend({
                key: Spooled(Path(result["folder"], array["file"]), np.dtype(array["dtype"]),
                             tuple(array["shape"])) for key, array in result["arrays"].items()})
            shutil.rmtree(result["folder"])
            yield len(part)

    return fill


def recorded_units(
    spec: Mapping[str, Any], source: str, images: str | None, names: Sequence[str], folder: str
) -> dict[str, Any]:
    """The task: ``folder``, a new one in that of the same name, and the ``arrays`` in it."""
    from vit2rtl.recording import Recording

    quantized, preprocessing = _checkpoint(source, spec["checkpoint"])
    new = Path(tempfile.mkdtemp(dir=folder))
    recording = Recording(quantized, new)
    recording.run(slices.images(images, preprocessing, names).batch(range(len(names))))
    return {"folder": str(new), "arrays": {
        key: {"file": array.path.name, "dtype": array.dtype.str, "shape": [*array.whole]}
        for key, array in recording.spooled().items()}}


@lru_cache(1)
def _program(
    source: str, images: str | None, made: str
) -> tuple[IntegerProgram, ProgramImages]:
    program = read_program(source)
    if sha256(Path(source, GRAPH)) != made:
        raise ValueError(f"{source} has changed since the run began")
    return program, program_images.find(images, program)


@lru_cache(1)
def _checkpoint(source: str, made: str) -> "tuple[QuantizedViT, str]":
    """And its preprocessing as JSON."""
    from vit2rtl import checkpoint

    slices.check(source, made)
    quantized, description = checkpoint.load(source)
    return quantized, json.dumps(description["preprocessing"])
