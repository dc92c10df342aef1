"""What calibrates a whole detector: the float one's proposals, level by level and head by head."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import torch
from torch import nn

from vit2rtl.detection.cascade import CascadeHeads
from vit2rtl.detection.detector import Detector
from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.float_pass import float_pass
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.structure import Structure

Boxes = Sequence[torch.Tensor]


class _Unwatched:
    """A watcher of a float pass that looks at nothing."""

    def linear(self, layer: QuantLinear, x: torch.Tensor, y: torch.Tensor) -> None:
        pass

    def attention(
        self, attention: QuantAttention, logits: torch.Tensor, mixed: torch.Tensor
    ) -> None:
        pass

    def norm(self, norm: nn.Module, x: torch.Tensor) -> None:
        pass


@dataclass(frozen=True)
class FloatPass:
    """What the float detector's heads look at in some images, in pixels of the batch.

    proposals  of each box head in turn the boxes of each image, float32[n, 4]
    found      the boxes of each image that masks are made for; where nothing is found the best of
               what is proposed, as many as could be found
    """

    proposals: list[Boxes]
    found: Boxes

    @classmethod
    def of(cls, network: Detector, structure: Structure, images: Boxes) -> Self:
        """Of images, float32[3, height, width] each, before anything is calibrated.

        raises   ValueError where nothing is proposed in them
        """
        heads = network.roi_heads
        with _recorded(heads.box_roi_pool) as proposals, _recorded(heads.mask_roi_pool) as found:
            float_pass(structure, [*images], _Unwatched())
        if not any(len(boxes) for boxes in proposals[0]):
            raise ValueError("The float detector proposes no objects in the calibration images: "
                             "calibrate on other ones")
        most = network.config.detections
        return cls(proposals, found[0] if found else [boxes[:most] for boxes in proposals[0]])

    def again(self, network: Detector, batch: torch.Tensor, *, first_level: bool) -> None:
        """Show every layer of the quantized detector what it takes of a batch, float32[images, 3,
        height, width], the heads at the places where the float one looked.

        first_level   shared layers are calibrated on the pyramid's first level, else on all
        """
        features = network.backbone(batch)
        levels = [*features.values()]
        if first_level:
            network.rpn.head(levels[:1])
        else:
            _calibrate_shared(network.rpn.head, levels)
        box_heads, mask_heads = _heads(network.roi_heads)
        for head, boxes in zip(box_heads, self.proposals, strict=True):
            head(network.roi_heads.box_roi_pool(features, boxes))
        pooled = network.roi_heads.mask_roi_pool(features, self.found)
        for head in mask_heads:
            head(pooled)


def _heads(heads: nn.Module) -> tuple[list[Callable], list[Callable]]:
    """Those of boxes, in turn, and those of masks; they take what is pooled."""
    if isinstance(heads, CascadeHeads):
        return [*heads.stages], [*heads.mask_heads]
    return ([nn.Sequential(heads.box_head, heads.box_predictor)],
            [nn.Sequential(heads.mask_head, heads.mask_predictor)])


@contextmanager
def _recorded(pool: nn.Module) -> Iterator[list[Boxes]]:
    """The boxes that a pool takes, call by call."""
    calls: list[Boxes] = []

    def hook(_: nn.Module, arguments: tuple[Mapping[str, torch.Tensor], Boxes]) -> None:
        calls.append([*arguments[1]])

    handle = pool.register_forward_pre_hook(hook)
    try:
        yield calls
    finally:
        handle.remove()


def _calibrate_shared(head: nn.Module, levels: Boxes) -> None:
    """Calibrate each layer in turn on what it takes of all levels, of which there is one scale."""
    layers = [module for module in head.modules() if isinstance(module, QuantLinear)]
    for layer in layers:
        layer.calibrating = False
    for layer in layers:
        taken: list[torch.Tensor] = []
        handle = layer.register_forward_pre_hook(
            lambda _, x, taken=taken: taken.append(x[0].flatten()))
        try:
            head(levels)
        finally:
            handle.remove()
        layer.input_quantizer.calibrate(torch.cat(taken))
