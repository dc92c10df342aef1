"""Float weights in the forms that people have: read, named as timm names them, loaded into a model.
"""

import argparse
import inspect
import re
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from vit2rtl.golden.files import documents
from vit2rtl.models import transformers_names

State = dict[str, torch.Tensor]
# Called with a line about what was done to weights so that they fit.
Say = Callable[[str], object]

# Ends a name of every model that is supported, in timm and in transformers.
_ANCHORS = ("patch_embed.proj.weight", transformers_names.ANCHOR)
# Where training scripts put a state dict, the one to be preferred first, as timm does.
_NESTED = ("state_dict_ema", "model_ema", "ema", "state_dict", "model_state_dict", "model", "net",
           "module", "teacher", "student")
_BESIDE = ("head", "head_dist", "fc_norm", "classifier", "cls_classifier",
           "distillation_classifier")
_FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


def silent(line: str) -> None:
    """For callers that want to hear nothing."""


def read(path: str | Path, say: Say = silent) -> State:
    """The weights in a file, under timm's names and as float32; nothing is unpickled.

    path    safetensors, a file of ``torch.save`` that torch's weights-only loader takes (``.pth``,
            ``.pt``, ``.bin``, nested as training scripts nest it), or the index of either in shards
            (``*.index.json``)
    say     told of a prefix that was taken off, and of other names
    raises  ValueError, one sentence that names the file, and the tensor where one is at fault
    """
    return _named(plain(path, say), Path(path), say)


def plain(path: str | Path, say: Say = silent) -> State:
    """The weights in a file, under the names that they have there; otherwise as :func:`read`."""
    path = Path(path)
    state: State = {}
    for file in files(path):
        state |= _unpacked(_loaded(file), file, say)
    for name, tensor in state.items():
        _check(tensor, f"Weights file {path}: {name}")
    return {name: tensor.float() if tensor.is_floating_point() else tensor
            for name, tensor in state.items()}


def files(path: str | Path) -> list[Path]:
    """The files that weights lie in: one, or those of an index."""
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"Weights file {path} does not exist")
    if path.suffix != ".json":
        return [path]
    index = documents.parse(path.read_bytes(), str(path))
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict) or not places or not all(
            isinstance(name, str) and Path(name).name == name for name in places.values()):
        raise ValueError(f"{path} is no index of weights files: it needs 'weight_map', names of "
                         "files by tensor")
    shards = [path.parent / name for name in sorted(set(places.values()))]
    if missing := [shard for shard in shards if not shard.is_file()]:
        raise ValueError(f"Weights file {missing[0]}, which {path.name} names, does not exist")
    return shards


def digest(path: str | Path) -> str:
    """SHA-256 of a weights file; of an index, of the SHA-256 of its shards."""
    hashes = [documents.sha256(file) for file in files(path)]
    if Path(path).suffix != ".json":
        return hashes[0]
    return documents.sha256_of("\n".join(hashes).encode())


def _loaded(path: Path) -> Any:
    with open(path, "rb") as file:
        start = file.read(9)
    if start[8:] == b"{":
        try:
            return safetensors.torch.load_file(path)
        except Exception as error:
            raise ValueError(f"Weights file {path} is not a safetensors file "
                             f"({_line(error)})") from error
    if not start.startswith((b"PK", b"\x80")):
        raise ValueError(f"Weights file {path} is neither safetensors nor a file of torch.save")
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith(".npy") for name in archive.namelist()):
                raise ValueError(f"Weights file {path} is numpy's: save dict(numpy.load(...)) by "
                                 "safetensors.numpy.save_file")
    try:
        # The arguments of training scripts; a namespace does nothing.
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"Weights file {path} holds more than weights, or is broken, and is not unpickled: "
            f"save model.state_dict() by safetensors.torch.save_file ({_line(error)})") from error


def _line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return next((line for line in lines if "Unsupported" in line), next(iter(lines), ""))[:200]


def _unpacked(content: Any, path: Path, say: Say) -> State:
    """The state dict that a file is, or has under one of the usual keys."""
    for _ in range(4):
        if _is_state(content):
            return dict(content)
        if not isinstance(content, Mapping):
            break
        keys = [key for key in _NESTED if isinstance(content.get(key), Mapping)]
        states = [key for key, value in content.items() if _is_state(value)]
        chosen = next(iter(keys or states), None)
        if chosen is None:
            break
        if others := [key for key in (keys or states) if key != chosen]:
            say(f"Weights: {chosen!r} taken, not {', '.join(map(repr, others))}: "
                "save another alone to take it")
        content = content[chosen]
    raise ValueError(f"Weights file {path} holds no state dict: names and tensors")


def _is_state(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) > 0 and all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor)
        for name, tensor in value.items())


def _check(tensor: torch.Tensor, what: str) -> None:
    kind = str(tensor.dtype).removeprefix("torch.")
    if tensor.is_complex() or (tensor.is_floating_point() and tensor.dtype not in _FLOATS):
        raise ValueError(f"{what} is {kind}: weights must be float32, float16 or bfloat16")
    if tensor.is_sparse or tensor.is_quantized or tensor.is_meta:
        raise ValueError(f"{what} must be a plain tensor")
    if tensor.is_floating_point() and not torch.isfinite(tensor).all():
        raise ValueError(f"{what} holds NaN or infinity")


def _named(state: State, path: Path, say: Say) -> State:
    """Names as timm has them: one common prefix less, those of transformers translated."""
    anchors = [(name.removesuffix(anchor), anchor) for anchor in _ANCHORS for name in state
               if name == anchor or name.endswith(f".{anchor}")]
    if len(anchors) > 1:
        found = ", ".join(repr(prefix.rstrip(".")) for prefix, _ in sorted(anchors))
        raise ValueError(f"Weights file {path} holds {len(anchors)} models, under {found}: "
                         "save the one that is meant alone")
    if not anchors:
        return state
    prefix, anchor = anchors[0]
    theirs = anchor == transformers_names.ANCHOR
    outer, last = prefix, prefix.split(".")[-2:-1]
    if theirs and last and last[0] in transformers_names.MODELS:
        outer = prefix.removesuffix(f"{last[0]}.")  # the classifier is beside the model
    kept = dict(_without(state, prefix, outer))
    if outer:
        # Classifiers that fine-tuning puts beside the model it started from.
        beside = {name: tensor for name, tensor in state.items()
                  if not name.startswith(outer) and name.partition(".")[0] in _BESIDE}
        rest = [name for name in state if not name.startswith((prefix, outer))
                and name not in beside]
        kept |= beside
        say(f"Weights: prefix {outer!r} taken off"
            + (f", {len(rest)} left out, {rest[0]!r} first" if rest else ""))
    if not theirs:
        return kept
    say("Weights: names of transformers read as timm's")
    try:
        return transformers_names.renamed(kept)
    except ValueError as error:
        raise ValueError(f"Weights file {path}: {error}") from error


def _without(state: State, *prefixes: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Names that begin with one of the prefixes, less the first of them."""
    for name, tensor in state.items():
        prefix = next((prefix for prefix in prefixes if name.startswith(prefix)), None)
        if prefix is not None:
            yield name.removeprefix(prefix), tensor


def load(model: nn.Module, state: State, path: str | Path, say: Say = silent) -> None:
    """Put weights into a model, those that depend on the image size resized as timm does.

    state   as :func:`read` gives it
    raises  ValueError naming what does not fit
    """
    own = model.state_dict()
    for token, what in (("dist_token", "a distillation token"), ("reg_token", "register tokens")):
        if (token in state) != (token in own):
            has, lacks = ("has", "lacks") if token in state else ("lacks", "has")
            raise ValueError(f"Weights file {path} {has} {what}, which the model {lacks}")
    fitting = _filtered(model, state, path)
    if "cls_token" in own and "cls_token" not in fitting:
        raise ValueError(f"Weights file {path} lacks a class token, which the model has: "
                         "class_token=false makes one without")
    for name in sorted(set(fitting) & set(state)):
        before, after = tuple(state[name].shape), tuple(fitting[name].shape)
        if before != after:
            say(f"Weights: {name} resized from {before} to {after}, as timm does")
    if getattr(model, "num_classes", None) == 0:
        fitting = {name: t for name, t in fitting.items() if not re.match(r"head(_dist)?\.", name)}
    load_exactly(model, fitting, path)


def load_exactly(model: nn.Module, state: State, path: str | Path) -> None:
    """Put weights into a model whose names and shapes they have; a ValueError says which differs.
    """
    own = model.state_dict()
    _check_names(own, state, path)
    for name, tensor in own.items():
        given = state[name]
        if tensor.shape != given.shape:
            raise ValueError(f"Weights file {path}: {name} has shape {tuple(given.shape)}, "
                             f"the model wants {tuple(tensor.shape)}")
        if tensor.is_floating_point() and not given.is_floating_point():
            kind = str(given.dtype).removeprefix("torch.")
            raise ValueError(f"Weights file {path}: {name} is {kind}, and the model wants floats: "
                             "quantized weights are not read")
    model.load_state_dict(state)


def _filtered(model: nn.Module, state: State, path: str | Path) -> State:
    """What timm's own filter of the model's family makes of names and sizes."""
    family = sys.modules[type(model).__module__]
    convert = getattr(family, "checkpoint_filter_fn", None)
    if convert is None:
        return state
    options = {"adapt_layer_scale": True}  # DeiT-3's names before timm had a module for it
    known = inspect.signature(convert).parameters
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, on how fast it interpolates
            return convert(dict(state), model, **{k: v for k, v in options.items() if k in known})
    except Exception as error:
        raise ValueError(f"Weights file {path} does not fit the model, and timm cannot resize it "
                         f"({_line(error)})") from error


def _check_names(own: Mapping[str, Any], state: Mapping[str, Any], path: str | Path) -> None:
    missing, extra = sorted(set(own) - set(state)), sorted(set(state) - set(own))
    if missing or extra:
        what = f"lacks {missing[0]!r}" if missing else f"has an unexpected {extra[0]!r}"
        more = len(missing) + len(extra) - 1
        raise ValueError(f"Weights file {path} {what}{f' and {more} more differ' if more else ''}")
