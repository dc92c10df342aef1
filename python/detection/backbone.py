"""Swin Transformers as pyramids of features, of images of any size, padded as detectors pad."""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

from vit2rtl.models.library import timm

_swin = timm.models.swin_transformer


class SwinFeatures(nn.Module):
    """What each stage gives, normalized.

    Windows are padded at their right and bottom, then rolled, as Swin's authors and mmdet do it;
    timm rolls first, which is another network where there is anything to pad. Images are padded to
    whole patches.

    body    timm's SwinTransformer; its own norm and head are not called
    norms   a LayerNorm a stage
    """

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.norms = nn.ModuleList(nn.LayerNorm(info["num_chs"]) for info in body.feature_info)

    def forward(self, images: torch.Tensor) -> "OrderedDict[str, torch.Tensor]":
        """float32[batch, 3, height, width] -> {"0", "1", ...: float32[batch, channels, height / s,
        width / s]}, s the stage's stride, sizes rounded up."""
        pad_height, pad_width = _short_of(images.shape[2:], self.body.patch_embed.patch_size)
        x = self.body.patch_embed(F.pad(images, (0, pad_width, 0, pad_height)))
        features = OrderedDict()
        for n, (stage, norm) in enumerate(zip(self.body.layers, self.norms, strict=True)):
            x = stage.downsample(x)
            for block in stage.blocks:
                x = x + block.drop_path1(_attend(block, block.norm1(x)))
                x = x + block.drop_path2(block.mlp(block.norm2(x)))
            features[str(n)] = norm(x).permute(0, 3, 1, 2).to(images.dtype)
        return features


def padded_size(block: nn.Module, size: Sequence[int]) -> tuple[int, int]:
    """Height and width of a block's tokens with those that fill its windows up."""
    height, width = (a + b for a, b in zip(size, _short_of(size, block.window_size), strict=True))
    return height, width


def windows_of(block: nn.Module, x: torch.Tensor, pad: torch.Tensor) -> torch.Tensor:
    """Tokens [batch, height, width, channels] as attention takes them: padded, rolled,
    [batch × windows, tokens, channels].

    pad   [channels], what windows are filled up with
    """
    batch, height, width, channels = x.shape
    size = padded_size(block, (height, width))
    if size != (height, width):
        filled = pad.to(x.dtype).expand(batch, *size, channels).clone()
        filled[:, :height, :width] = x
        x = filled
    if any(block.shift_size):
        x = x.roll([-shift for shift in block.shift_size], (1, 2))
    return _swin.window_partition(x, block.window_size).flatten(1, 2)


def _attend(block: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """A block's attention on what its first norm gives, [batch, height, width, channels]."""
    height, width, channels = x.shape[1:]
    size = padded_size(block, (height, width))
    # Zeros, but where a quantizer behind the norm has been folded into it.
    pad = getattr(block, "pad", None)
    windows = windows_of(block, x, x.new_zeros(channels) if pad is None else pad)
    mask = block.get_attn_mask(x.new_empty(1, *size, 0))
    y = block.attn(windows, mask=mask).unflatten(1, block.window_size)
    y = _swin.window_reverse(y, block.window_size, *size)
    if any(block.shift_size):
        y = y.roll(block.shift_size, (1, 2))
    return y[:, :height, :width]


def _short_of(size: Sequence[int], whole: Sequence[int]) -> tuple[int, int]:
    """What height and width lack to be multiples of others."""
    height, width = (-a % b for a, b in zip(size, whole, strict=True))
    return height, width
