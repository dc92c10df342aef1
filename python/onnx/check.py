"""Runs an exported ONNX file in ONNX Runtime, against the simulation that it stands for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnxruntime
import torch

from vit2rtl import evaluation
from vit2rtl.models.images import Images
from vit2rtl.quantized_vit import QuantizedViT

# Images that go through together: their activations stay in the cache.
_TOGETHER = 4
_LAST_BITS = 2.0**-22


def compare(
    path: str | Path, quantized: QuantizedViT, images: Images, *,
    progress: Callable[[int], object] = lambda count: None,
) -> dict[str, Any]:
    """How far ONNX Runtime, given an ONNX file, is from the simulation.

    progress   called with the number of images done since the last call
    returns    {"images", "precision", "equal", "top1_agreement", "sqnr"}: the float type of the
               file's values as its metadata has it; percent of the images with the same logits, bit
               for bit, and with the same top-1; dB of the logits, None where there is no noise.
               Features, of a model without classes, come from LayerNorm in float64: they are equal
               where float32's last bits are all that differs, and have no top-1.
    raises     ValueError for a file that ONNX Runtime cannot run, or made of another model
    """
    session = open_session(path)
    simulated: list[torch.Tensor] = []
    exported: list[torch.Tensor] = []
    for start in range(0, len(images), _TOGETHER):
        batch = images.batch(range(start, min(start + _TOGETHER, len(images))))
        simulated.append(quantized(batch))
        exported.append(run(session, batch, path))
        if exported[-1].shape != simulated[-1].shape:
            raise ValueError(f"{path} gives {exported[-1].shape[1]} logits, the checkpoint "
                             f"{simulated[-1].shape[1]}")
        progress(len(batch))
    want, got = torch.cat(simulated), torch.cat(exported)
    classes = bool(quantized.structure.heads)
    equal = want == got if classes else torch.isclose(want, got, rtol=_LAST_BITS, atol=_LAST_BITS)
    noise = evaluation.sqnr(want, got)
    metadata = session.get_modelmeta().custom_metadata_map
    return {
        "images": len(want),
        "precision": metadata.get("vit2rtl.precision", "float32"),
        "equal": _percent(equal.all(1)),
        "top1_agreement": _percent(want.argmax(1) == got.argmax(1)) if classes else None,
        "sqnr": None if noise == float("inf") else noise,
    }


def open_session(path: str | Path) -> onnxruntime.InferenceSession:
    """Ready to run, on as many threads as torch has."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"])
    # Its exceptions have no common class of their own.
    except Exception as error:
        raise ValueError(f"{path} cannot be run by ONNX Runtime ({_first(error)})") from error
    names = [[value.name for value in values]
             for values in (session.get_inputs(), session.get_outputs())]
    if names != [["images"], ["logits"]]:
        raise ValueError(f"{path} must take images and give logits, not {json.dumps(names)}")
    return session


def run(
    session: onnxruntime.InferenceSession, batch: torch.Tensor, path: str | Path = "the file"
) -> torch.Tensor:
    """float32[n, channels, height, width] -> float32[n, classes]"""
    try:
        return torch.from_numpy(session.run(["logits"], {"images": batch.numpy()})[0])
    except Exception as error:
        raise ValueError(f"{path} does not take these images ({_first(error)})") from error


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _percent(hits: torch.Tensor) -> float:
    return 100 * hits.double().mean().item()
