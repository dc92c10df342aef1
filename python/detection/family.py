"""What is quantized of a detector: its backbone as Swin's family does it, then every layer."""

from typing import ClassVar

import torch
from torch import nn

from vit2rtl.detection.backbone import SwinFeatures
from vit2rtl.detection.cascade import BoxHead, CascadeHeads
from vit2rtl.detection.detector import Detector, Pyramid
from vit2rtl.detection.heads import Heads
from vit2rtl.detection.library import detection, ops
from vit2rtl.detection.proposals import Anchors, Proposals
from vit2rtl.detection.roi_align import RoIPool
from vit2rtl.detection.transform import Transform
from vit2rtl.golden.program.program import Tensor
from vit2rtl.models.families.swin import replace_merging
from vit2rtl.models.family import Family, Replacements, Stream
from vit2rtl.models.library import timm
from vit2rtl.models.ops import Ops
from vit2rtl.models.surgery import Surgeon, refuse
from vit2rtl.quantization.structure import Place, Role, Structure

_swin = timm.models.swin_transformer
_pyramid = ops.feature_pyramid_network
_rcnn, _mask = detection.faster_rcnn, detection.mask_rcnn


def _replace_block(surgeon: Surgeon, block: nn.Module, name: str) -> None:
    """A block whose windows are filled up with what a zero behind its norm has become."""
    surgeon.check_block(block, name, _swin.WindowAttention)
    block.register_buffer("pad", torch.zeros_like(block.norm1.bias.detach()))
    surgeon.block(block, name, bias=block.attn._get_rel_pos_bias().detach(), padded=True)


def _replace_linear(surgeon: Surgeon, linear: nn.Module, name: str) -> None:
    _replace(surgeon, name, surgeon.linear(linear, Place(name, Role.DETECTION)).module)


def _replace_convolution(surgeon: Surgeon, convolution: nn.Module, name: str) -> None:
    if convolution.padding_mode != "zeros" or isinstance(convolution.padding, str):
        refuse(name, convolution, "must pad zeros, so many")
    _replace(surgeon, name, surgeon.convolution(convolution, Place(name, Role.DETECTION)).module)


def _replace(surgeon: Surgeon, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(surgeon.structure.network.get_submodule(parent), child, module)


class Detectors(Family):
    """:class:`~vit2rtl.detection.detector.Detector`, whole or its backbone alone."""

    types = (Detector,)
    containers = (
        nn.Sequential, nn.ModuleList, ops.misc.Conv2dNormActivation, Pyramid, SwinFeatures,
        _swin.SwinTransformer, _swin.SwinTransformerStage, _pyramid.FeaturePyramidNetwork,
        Proposals, detection.rpn.RPNHead, Heads, CascadeHeads, BoxHead, _rcnn.TwoMLPHead,
        _rcnn.FastRCNNConvFCHead, _rcnn.FastRCNNPredictor, _mask.MaskRCNNHeads,
        _mask.MaskRCNNPredictor)
    # As the authors leave them: what doubles the masks' cells, and all that multiplies no weights.
    floats = (
        nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU, nn.Flatten, timm.layers.ClassifierHead,
        _pyramid.LastLevelMaxPool, Anchors, RoIPool, Transform)
    replacements: ClassVar[Replacements] = {
        _swin.SwinTransformerBlock: _replace_block, _swin.PatchMerging: replace_merging,
        nn.Linear: _replace_linear, nn.Conv2d: _replace_convolution,
    }

    def check(self, model: nn.Module) -> None:
        """Every Detector has what is supported."""

    def heads(self, model: nn.Module) -> list[nn.Module]:
        return []

    def embeddings(self, model: nn.Module) -> list[nn.Parameter]:
        return []

    def image_size(self, model: nn.Module) -> tuple[int, int]:
        """The one that the backbone was made with; it takes any other."""
        return model.backbone.swin.body.patch_embed.img_size

    def streams(self, structure: Structure) -> list[Stream]:
        return []

    def walk(self, structure: Structure, ops: Ops, image: Tensor) -> None:
        raise ValueError("A whole detector is not lowered: its backbone is, at a fixed size")
