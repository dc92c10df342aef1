"""A program against its simulation, some images a task of the farm."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from vit2rtl import checkpoint, comparison
from vit2rtl.checkpoint_schema import describe
from vit2rtl.commands import compare, farm_options, slices
from vit2rtl.comparison import Compared, OpResult
from vit2rtl.farm.run import Cluster
from vit2rtl.farm.store import Store
from vit2rtl.farm.task import Task
from vit2rtl.golden.files.documents import sha256
from vit2rtl.golden.program.program import GRAPH, IntegerProgram
from vit2rtl.golden.program.reader import read_program
from vit2rtl.models.family import Quantized

# The task; its version is raised where what it finds changes.
COMPARED, COMPARED_VERSION = f"{__name__}:compared_slice", 1


@dataclass(frozen=True)
class Source:
    """What is compared, as the options of ``vit2rtl compare`` name it."""

    checkpoint: str
    program: str
    images: str | None
    baseline: bool
    weights: str | None

    def as_dict(self) -> dict[str, Any]:
        """For workers that have another working directory."""
        places = {name: place and str(Path(place).absolute())
                  for name, place in asdict(self).items() if name != "baseline"}
        return {**places, "baseline": self.baseline}


def compared(
    source: Source, names: Sequence[str], store: Store, cluster: Cluster
) -> list[Compared]:
    """Of some images each, all in their order."""
    whole = {"checkpoint": slices.checkpoint_digest(source.checkpoint),
             "program": sha256(Path(source.program, GRAPH)), "baseline": source.baseline}
    tasks = [Task(COMPARED, COMPARED_VERSION,
                  {**whole, "images": slices.identity(source.images, part)},
                  {"source": source.as_dict(), "names": [*part]}) for part in slices.of(names)]
    return [_part(result) for result in farm_options.computed(
        tasks, store, cluster, title="compare", unit="slice")]


def compared_slice(
    spec: Mapping[str, Any], source: Mapping[str, Any], names: Sequence[str]
) -> dict[str, Any]:
    """What a task of the farm computes: a :class:`~vit2rtl.comparison.Compared` as JSON data."""
    of = Source(**source)
    quantized, program, reference, preprocessing = _opened(of, spec["checkpoint"])
    images = slices.images(of.images, preprocessing, names)
    part = comparison.compared(quantized, program, images, float_model=reference)
    logits = {name: getattr(part, name) for name in ("ours", "simulated", "floats")}
    return {"ops": [asdict(op) for op in part.ops.values()],
            **{name: None if own is None else slices.packed(own.numpy())
               for name, own in logits.items()}}


def _part(result: Mapping[str, Any]) -> Compared:
    logits = {name: result[name] and torch.from_numpy(slices.unpacked(result[name]))
              for name in ("ours", "simulated", "floats")}
    return Compared({op["name"]: OpResult(**op) for op in result["ops"]}, **logits)


@lru_cache(1)
def _opened(
    source: Source, made: str
) -> tuple[Quantized, IntegerProgram, torch.nn.Module | None, str]:
    """Checkpoint, program, float model where it is asked for, and preprocessing as JSON."""
    slices.check(source.checkpoint, made)
    program = read_program(source.program)
    quantized, description = compare.loaded(source.checkpoint, program)
    reference = (checkpoint.float_model(describe(source.checkpoint), source.weights)
                 if source.baseline else None)
    return quantized, program, reference, json.dumps(description["preprocessing"])
