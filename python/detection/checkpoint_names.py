"""Names of detectors' weights: mmdet's from 2.17, those of Swin's authors, and ours for both."""

import re
from collections.abc import Iterator, Mapping

import torch

State = Mapping[str, torch.Tensor]

# What begins a backbone's names, by family.
MMDET, SWIN = "backbone.patch_embed.projection", "backbone.patch_embed.proj"
_BODY = "backbone.swin.body"
_BACKBONES = {
    MMDET: (
        (r"backbone\.patch_embed\.projection", rf"{_BODY}.patch_embed.proj"),
        (r"backbone\.patch_embed\.norm", rf"{_BODY}.patch_embed.norm"),
        (r"backbone\.stages\.(\d+\.blocks\.\d+)\.attn\.w_msa", rf"{_BODY}.layers.\1.attn"),
        (r"backbone\.stages\.(\d+\.blocks\.\d+)\.ffn\.layers\.0\.0", rf"{_BODY}.layers.\1.mlp.fc1"),
        (r"backbone\.stages\.(\d+\.blocks\.\d+)\.ffn\.layers\.1", rf"{_BODY}.layers.\1.mlp.fc2"),
        (r"backbone\.stages\.(\d+\.blocks\.\d+)\.(norm[12])", rf"{_BODY}.layers.\1.\2"),
    ),
    SWIN: (
        (r"backbone\.patch_embed\.(proj|norm)", rf"{_BODY}.patch_embed.\1"),
        (r"backbone\.layers\.(\d+\.blocks\.\d+)\.(attn|mlp\.fc[12]|norm[12])",
         rf"{_BODY}.layers.\1.\2"),
    ),
}
_DOWNSAMPLE = r"backbone\.(?:stages|layers)\.(\d+)\.downsample"
_HEADS = (
    (r"backbone\.norm(\d)", r"backbone.swin.norms.\1"),
    (r"neck\.lateral_convs\.(\d)\.conv", r"backbone.fpn.inner_blocks.\1.0"),
    (r"neck\.fpn_convs\.(\d)\.conv", r"backbone.fpn.layer_blocks.\1.0"),
    (r"rpn_head\.rpn_conv", r"rpn.head.conv.0.0"),
    (r"rpn_head\.rpn_cls", r"rpn.head.cls_logits"),
    (r"rpn_head\.rpn_reg", r"rpn.head.bbox_pred"),
    (r"roi_head\.bbox_head\.shared_fcs\.0", r"roi_heads.box_head.fc6"),
    (r"roi_head\.bbox_head\.shared_fcs\.1", r"roi_heads.box_head.fc7"),
    (r"roi_head\.bbox_head\.fc_cls", r"roi_heads.box_predictor.cls_score"),
    (r"roi_head\.bbox_head\.fc_reg", r"roi_heads.box_predictor.bbox_pred"),
    (r"roi_head\.mask_head\.convs\.(\d)\.conv", r"roi_heads.mask_head.\1.0"),
    (r"roi_head\.mask_head\.upsample", r"roi_heads.mask_predictor.conv5_mask"),
    (r"roi_head\.mask_head\.conv_logits", r"roi_heads.mask_predictor.mask_fcn_logits"),
    # Cascade's, by stage.
    (r"roi_head\.bbox_head\.(\d)\.shared_convs\.(\d)\.conv", r"roi_heads.stages.\1.box_head.\2.0"),
    (r"roi_head\.bbox_head\.(\d)\.shared_convs\.(\d)\.bn", r"roi_heads.stages.\1.box_head.\2.1"),
    (r"roi_head\.bbox_head\.(\d)\.fc_cls", r"roi_heads.stages.\1.box_predictor.cls_score"),
    (r"roi_head\.bbox_head\.(\d)\.fc_reg", r"roi_heads.stages.\1.box_predictor.bbox_pred"),
    (r"roi_head\.mask_head\.(\d)\.convs\.(\d)\.conv", r"roi_heads.mask_heads.\1.mask_head.\2.0"),
    (r"roi_head\.mask_head\.(\d)\.upsample", r"roi_heads.mask_heads.\1.mask_predictor.conv5_mask"),
    (r"roi_head\.mask_head\.(\d)\.conv_logits",
     r"roi_heads.mask_heads.\1.mask_predictor.mask_fcn_logits"),
)
# Follow from the window alone.
_DERIVED = (".relative_position_index", ".attn_mask")


def family(state: State) -> str:
    """:data:`MMDET` or :data:`SWIN`; a ValueError for the names of neither."""
    for name in (MMDET, SWIN):
        if f"{name}.weight" in state:
            return name
    raise ValueError(f"has neither {MMDET}.weight, as mmdet names it, nor {SWIN}.weight, as "
                     "Swin's authors do")


def renamed(state: State, box_convs: int) -> Iterator[tuple[str, torch.Tensor]]:
    """Weights by our names, in our order of channels and classes.

    box_convs  convolutions in a box head of Cascade's
    raises     ValueError with a name that is not known
    """
    theirs = family(state)
    known = [*_BACKBONES[theirs], *_HEADS]
    for name, tensor in state.items():
        if name.endswith(_DERIVED):
            continue
        yield _renamed(name, known, box_convs), _reordered(name, tensor, theirs)


def _renamed(name: str, known: list[tuple[str, str]], box_convs: int) -> str:
    if merging := re.match(_DOWNSAMPLE, name):
        # timm has it at the beginning of the next stage.
        return f"{_BODY}.layers.{int(merging[1]) + 1}.downsample{name[merging.end():]}"
    if fc := re.match(r"roi_head\.bbox_head\.(\d)\.shared_fcs\.(\d)\.", name):
        # Behind the convolutions and what flattens them, a ReLU between two.
        place = box_convs + 1 + 2 * int(fc[2])
        return f"roi_heads.stages.{fc[1]}.box_head.{place}.{name[fc.end():]}"
    for pattern, ours in known:
        if found := re.match(rf"{pattern}(?=\.)", name):
            return found.expand(ours) + name[found.end():]
    raise ValueError(f"has {name!r}, which no Mask R-CNN or Cascade Mask R-CNN with Swin has")


def _reordered(name: str, tensor: torch.Tensor, theirs: str) -> torch.Tensor:
    part = name.rpartition(".")[0]
    if not tensor.ndim:
        return tensor
    if ".downsample." in name and theirs == MMDET and tensor.shape[-1] % 4 == 0:
        # By channel, then by pixel of the 2 × 2 in reading order; timm: by pixel, down first.
        return tensor.unflatten(-1, (-1, 4))[..., [0, 2, 1, 3]].transpose(-1, -2).flatten(-2)
    if part.endswith(".fc_cls"):
        return tensor.roll(1, dims=0)  # the background, last of theirs, is our first
    if part.endswith((".fc_reg", ".conv_logits")):
        # Of each class but the background, which has a row of zeros here.
        rows = 4 if part.endswith(".fc_reg") else 1
        return torch.cat([tensor.new_zeros(rows, *tensor.shape[1:]), tensor])
    return tensor
