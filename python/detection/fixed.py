"""A quantized detector's backbone at one image size: what can be lowered to an integer program."""

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from vit2rtl.detection.backbone import SwinFeatures, padded_size
from vit2rtl.detection.config import DetectorConfig
from vit2rtl.detection.family import Detectors
from vit2rtl.detection.quantized import BACKBONE, QuantizedDetector
from vit2rtl.golden.program.program import Tensor
from vit2rtl.models.families.swin import Walk, merging_streams
from vit2rtl.models.family import Family, Stream, block_streams
from vit2rtl.models.ops import Ops
from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.structure import Block, Role, Structure

BODY = f"{BACKBONE}.body."


class FixedBackbone:
    """What :func:`vit2rtl.lowering.lower.lower` takes, of the backbone for images of one size.

    network  float32[n, 3, height, width], normalized -> the last stage's features, float32[n,
             height / s, width / s, channels]
    """

    def __init__(self, quantized: QuantizedDetector, height: int, width: int) -> None:
        """raises ValueError where the size is not one of whole patches"""
        swin = quantized.network.get_submodule(BACKBONE)
        patch = quantized.config.swin.patch
        if height < patch or width < patch or height % patch or width % patch:
            raise ValueError(f"Size must be multiples of {patch} pixels, not {height}x{width}")
        whole = quantized.structure
        self.recipe = quantized.recipe
        self.family: Family = Pyramids()
        self.network: nn.Module = _Last(swin)
        self.structure = Structure(
            self.network, (height, width),
            [layer for layer in whole.layers if layer.role is not Role.DETECTION], whole.normed,
            _at_size(swin, whole.blocks, height // patch, width // patch))

    def layers(self) -> list[tuple[str, QuantLinear]]:
        """(name, layer) pairs in network order."""
        return [(layer.name, layer.module) for layer in self.structure.layers]

    def attentions(self) -> list[tuple[str, QuantAttention]]:
        """(name, QuantAttention) pairs."""
        return [(attention.name, attention.module) for attention in self.structure.attentions]


class _Last(nn.Module):
    """The backbone, its last stage with channels behind."""

    def __init__(self, swin: SwinFeatures) -> None:
        super().__init__()
        self.swin = swin

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return [*self.swin(images).values()][-1].permute(0, 2, 3, 1)


def _at_size(swin: SwinFeatures, blocks: list[Block], height: int, width: int) -> list[Block]:
    """The blocks with the masks of so many tokens."""
    by_module, masked = {block.module: block for block in blocks}, []
    for n, stage in enumerate(swin.body.layers):
        if n:
            height, width = -(-height // 2), -(-width // 2)
        for module in stage.blocks:
            mask = module.get_attn_mask(torch.empty(1, *padded_size(module, (height, width)), 0))
            block = by_module[module]
            masked.append(replace(block, attention=replace(block.attention, mask=mask)))
    return masked


def preprocessing(config: DetectorConfig, height: int, width: int) -> dict[str, Any]:
    """How images of that size come from files: scaled to cover it, and cropped from the middle."""
    return {"input_size": [3, height, width], "interpolation": "bilinear", "crop_pct": 1.0,
            "mean": [*config.mean], "std": [*config.std]}


class Pyramids(Detectors):
    """Swin's features: what each stage gives behind its own norm, ``backbone.swin.norms.n.output``.

    The last one is the program's output, the others are its tensors by name.
    """

    def streams(self, structure: Structure) -> list[Stream]:
        swin = structure.network.swin
        last = len(swin.norms) - 1
        streams = [*block_streams(structure), Stream(_norm(last) + ".input", swin.norms[last]),
                   Stream(f"{BODY}patch_embed.norm.input", swin.body.patch_embed.norm)]
        streams += merging_streams(structure, swin.body, BODY)
        return streams + [Stream(f"{_norm(n)}.output", norm, output=True)
                          for n, norm in enumerate(swin.norms)]

    def walk(self, structure: Structure, ops: Ops, image: Tensor) -> None:
        _Walk(structure, ops, structure.network.swin).build(image)


def _norm(stage: int) -> str:
    return f"{BACKBONE}.norms.{stage}"


class _Walk(Walk):
    def __init__(self, structure: Structure, ops: Ops, swin: SwinFeatures) -> None:
        super().__init__(structure, ops, swin.body, BODY, f"{_norm(len(swin.norms) - 1)}.input")
        self.norms = swin.norms

    def leave(self, stage: int, stream: Tensor) -> None:
        self.ops.norm_for_pool(_norm(stage), self.norms[stage], stream)
