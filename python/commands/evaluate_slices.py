"""Logits of a checkpoint and of its float model, some images a task of the farm."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vit2rtl import checkpoint, evaluation
from vit2rtl.checkpoint_schema import describe
from vit2rtl.commands import farm_options, slices
from vit2rtl.farm.run import Cluster
from vit2rtl.farm.store import Store
from vit2rtl.farm.task import Task
from vit2rtl.models import devices

# The task; its version is raised where logits change.
LOGITS, LOGITS_VERSION = f"{__name__}:slice_logits", 1
MODELS = FLOAT, QUANTIZED = "float", "quantized"


@dataclass(frozen=True)
class Source:
    """What is evaluated, as the options of ``vit2rtl evaluate`` name it."""

    checkpoint: str
    weights: str | None
    images: str | None
    device: str

    def as_dict(self) -> dict[str, str | None]:
        """For workers that have another working directory."""
        places = {name: place and str(Path(place).absolute())
                  for name, place in asdict(self).items() if name != "device"}
        return {**places, "device": self.device}


def logits(
    source: Source, names: Sequence[str], store: Store, cluster: Cluster
) -> dict[str, torch.Tensor]:
    """float32[images, classes] of the float and of the quantized model."""
    made = slices.checkpoint_digest(source.checkpoint)
    tasks = [Task(LOGITS, LOGITS_VERSION,
                  {"model": model, "checkpoint": made,
                   "images": slices.identity(source.images, part)},
                  {"source": source.as_dict(), "names": [*part]})
             for model in MODELS for part in slices.of(names)]
    parts = [slices.unpacked(result["logits"]) for result in farm_options.computed(
        tasks, store, cluster, title="evaluate", unit="slice")]
    half = len(parts) // 2
    return {model: torch.from_numpy(np.concatenate(own))
            for model, own in zip(MODELS, (parts[:half], parts[half:]), strict=True)}


def slice_logits(
    spec: Mapping[str, Any], source: Mapping[str, Any], names: Sequence[str]
) -> dict[str, Any]:
    """What a task of the farm computes."""
    of = Source(**source)
    model, preprocessing = _model(of, spec["model"], spec["checkpoint"])
    images = slices.images(of.images, preprocessing, names)
    found = evaluation.logits(model, images, title=spec["model"], device=of.device)
    return {"logits": slices.packed(found.numpy())}


@lru_cache(2)
def _model(source: Source, which: str, made: str) -> tuple[torch.nn.Module, str]:
    """A model, and its preprocessing as JSON."""
    slices.check(source.checkpoint, made)
    device = devices.find(source.device)
    if which == QUANTIZED:
        quantized, description = checkpoint.load(source.checkpoint, device)
        return quantized, json.dumps(description["preprocessing"])
    description = describe(source.checkpoint)
    network = checkpoint.float_model(description, source.weights)
    return network.to(device), json.dumps(description["preprocessing"])
