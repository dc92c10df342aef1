"""Random weights of mmdet's Mask R-CNN and Cascade Mask R-CNN with Swin, both families.

What :mod:`tests.python.detection.mmdet_network` computes with; it shares nothing with the product.
"""

import math
from collections import namedtuple

import torch

WINDOW = 7
Sizes = namedtuple("Sizes", "embed depths heads fpn classes box_channels convs")
SMALL = Sizes(8, (2, 2, 2), (1, 2, 4), 8, 3, 16, 2)
# As published for COCO.
SWIN_T = Sizes(96, (2, 2, 6, 2), (3, 6, 12, 24), 256, 80, 1024, 4)


def checkpoint(seed, *, cascade=False, sizes=SMALL):
    """Random weights by mmdet's names (from 2.17)."""
    embed, depths, heads, fpn, classes, box_channels, convs = sizes
    draw = torch.Generator().manual_seed(seed)
    state = {}

    def add(name, *shape, scale=None, bias=True):
        fan = math.prod(shape[1:]) or 1
        state[f"{name}.weight"] = torch.randn(shape, generator=draw) * (scale or fan**-0.5)
        if bias:
            state[f"{name}.bias"] = torch.randn(shape[0], generator=draw) * 0.1

    def norm(name, channels):
        state[f"{name}.weight"] = 1 + torch.randn(channels, generator=draw) * 0.1
        state[f"{name}.bias"] = torch.randn(channels, generator=draw) * 0.1

    add("backbone.patch_embed.projection", embed, 3, 4, 4)
    norm("backbone.patch_embed.norm", embed)
    for i, depth in enumerate(depths):
        c = embed << i
        for j in range(depth):
            block = f"backbone.stages.{i}.blocks.{j}"
            norm(f"{block}.norm1", c)
            state[f"{block}.attn.w_msa.relative_position_bias_table"] = torch.randn(
                (2 * WINDOW - 1) ** 2, heads[i], generator=draw)
            state[f"{block}.attn.w_msa.relative_position_index"] = torch.zeros(
                WINDOW**2, WINDOW**2, dtype=torch.int64)
            add(f"{block}.attn.w_msa.qkv", 3 * c, c)
            add(f"{block}.attn.w_msa.proj", c, c)
            norm(f"{block}.norm2", c)
            add(f"{block}.ffn.layers.0.0", 4 * c, c)
            add(f"{block}.ffn.layers.1", c, 4 * c)
        if i + 1 < len(depths):
            norm(f"backbone.stages.{i}.downsample.norm", 4 * c)
            add(f"backbone.stages.{i}.downsample.reduction", 2 * c, 4 * c, bias=False)
        norm(f"backbone.norm{i}", c)
        add(f"neck.lateral_convs.{i}.conv", fpn, c, 1, 1)
        add(f"neck.fpn_convs.{i}.conv", fpn, fpn, 3, 3)
    add("rpn_head.rpn_conv", fpn, fpn, 3, 3)
    add("rpn_head.rpn_cls", 3, fpn, 1, 1)
    add("rpn_head.rpn_reg", 12, fpn, 1, 1, scale=0.3 * fpn**-0.5)
    for stage in ("0.", "1.", "2.") if cascade else ("",):
        box, mask = f"roi_head.bbox_head.{stage}", f"roi_head.mask_head.{stage}"
        if cascade:
            for k in range(convs):
                add(f"{box}shared_convs.{k}.conv", fpn, fpn, 3, 3, bias=False)
                norm(f"{box}shared_convs.{k}.bn", fpn)
                state[f"{box}shared_convs.{k}.bn.running_mean"] = torch.randn(fpn, generator=draw)
                state[f"{box}shared_convs.{k}.bn.running_var"] = torch.rand(
                    fpn, generator=draw) + 0.5
                state[f"{box}shared_convs.{k}.bn.num_batches_tracked"] = torch.tensor(7)
        add(f"{box}shared_fcs.0", box_channels, fpn * 49)
        if not cascade:
            add(f"{box}shared_fcs.1", box_channels, box_channels)
        add(f"{box}fc_cls", classes + 1, box_channels, scale=4 * box_channels**-0.5)
        add(f"{box}fc_reg", 4 * classes, box_channels, scale=0.8 * box_channels**-0.5)
        for k in range(convs):
            add(f"{mask}convs.{k}.conv", fpn, fpn, 3, 3)
        add(f"{mask}upsample", fpn, fpn, 2, 2)
        add(f"{mask}conv_logits", classes, fpn, 1, 1, scale=3 * fpn**-0.5)
    return state


def as_the_authors_name_them(state):
    """The same network by the names of Swin-Transformer-Object-Detection (mmdet 2.11)."""
    theirs = {}
    for name, tensor in state.items():
        for new, old in (("projection", "proj"), ("stages.", "layers."), ("w_msa.", ""),
                         ("ffn.layers.0.0", "mlp.fc1"), ("ffn.layers.1", "mlp.fc2")):
            if name.startswith("backbone."):
                name = name.replace(new, old)
        if ".downsample." in name:
            # cat of x[0::2, 0::2], x[1::2, 0::2], x[0::2, 1::2], x[1::2, 1::2]
            channels = tensor.shape[-1] // 4
            places = [4 * c + q for q in (0, 2, 1, 3) for c in range(channels)]
            tensor = tensor[..., places]
        theirs[name] = tensor
    return theirs
