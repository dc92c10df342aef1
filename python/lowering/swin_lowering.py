"""Lowering of Swin: windows as gathers of tokens, masks, merged patches, the pooled head."""

import numpy as np
import torch
from torch import nn

from vit2rtl.models.surgery import timm

_swin = timm.models.swin_transformer


class SwinTransformer:
    """Walks a Swin Transformer and makes its ops.

    Windows are gathered from the residual stream, so that LayerNorm's codes come out in the order
    that attention takes them.
    """

    def __init__(self, network, ops, names):
        self.network, self.ops, self.names = network, ops, names

    def build(self, image):
        network, ops = self.network, self.ops
        patches = ops.patches(image, network.patch_embed.proj)
        norm = network.patch_embed.norm
        first = self._into(0, 0)
        ops.enter([first] if isinstance(norm, nn.Identity) else ["patch_embed.norm.input"])
        codes = ops.branch("patch_embed.proj", network.patch_embed.proj, patches)
        if isinstance(norm, nn.Identity):
            ops.enter(self._streams(0))
            stream = ops.stream_of(codes, first)
        else:
            stream = ops.stream_of(codes, "patch_embed.norm.input")
            ops.enter(self._streams(0))
            stream = ops.norm_to_stream("patch_embed.norm", norm, stream, first)
        for n, stage in enumerate(network.layers):
            if isinstance(stage.downsample, _swin.PatchMerging):
                stream = self._merge(n, stage.downsample, stream)
            for m, block in enumerate(stage.blocks):
                stream = self._block(block, stream, self._into(n, m + 1))
        self._head(stream)

    def _into(self, stage, block):
        """Name of the stream that enters a block, or leaves the stage's last one."""
        layers = self.network.layers
        if block < len(layers[stage].blocks):
            return f"layers.{stage}.blocks.{block}.norm1.input"
        if stage + 1 == len(layers):
            return "norm.input"
        if isinstance(layers[stage + 1].downsample, _swin.PatchMerging):
            return f"layers.{stage + 1}.downsample.input"
        return self._into(stage + 1, 0)

    def _streams(self, stage):
        """Names of the streams of a stage: they share one scale."""
        blocks = len(self.network.layers[stage].blocks)
        return [self._into(stage, m) for m in range(blocks + 1)] + [
            f"layers.{stage}.blocks.{m}.norm2.input" for m in range(blocks)]

    def _merge(self, n, merging, stream):
        name = self.names[merging]
        height, width = self._resolution(n - 1)
        if height % 2 or width % 2:
            raise ValueError(f"Module {name!r} would pad {height}×{width} tokens")
        index = np.arange(height * width).reshape(height // 2, 2, width // 2, 2)
        index = index.transpose(0, 2, 3, 1).reshape(-1, 4)
        shape = (len(index), 4 * stream.shape[-1])
        merged = self.ops.gather(f"{name}.merge", stream, index, shape, f"{name}.norm.input")
        x = self.ops.layer_norm(f"{name}.norm", merging.norm, merged, f"{name}.reduction",
                                merging.reduction)
        self.ops.enter(self._streams(n))
        codes = self.ops.branch(f"{name}.reduction", merging.reduction, x)
        return self.ops.stream_of(codes, self._into(n, 0))

    def _resolution(self, stage):
        return self.network.layers[stage].blocks[0].input_resolution

    def _block(self, block, stream, out):
        ops, name = self.ops, self.names[block]
        attention, channels = block.attn, stream.shape[-1]
        index = _windows(block)
        windows = ops.gather(f"{name}.windows", stream, index, (*index.shape, channels),
                             f"{name}.windows")
        x = ops.layer_norm(f"{name}.norm1", block.norm1, windows, f"{name}.attn.qkv", attention.qkv)
        q, k, v = ops.query_key_value(f"{name}.attn.qkv", attention.qkv, x)
        mask = None if block.attn_mask is None else (block.attn_mask != 0).numpy()
        y = ops.attention(f"{name}.attn", attention, q, k, v, mask)
        branch = ops.branch(f"{name}.attn.proj", attention.proj, y)
        branch = ops.gather(f"{name}.unwindows", branch, np.argsort(index, axis=None),
                            stream.shape, f"{name}.unwindows")
        stream = ops.add(f"{name}.attn.add", stream, branch, f"{name}.norm2.input")
        return ops.mlp(name, block, stream, out)

    def _head(self, stream):
        network, ops = self.network, self.ops
        head = network.head.fc
        pooling = network.head.global_pool.pool_type
        if pooling != "avg" or isinstance(head, nn.Identity):
            raise ValueError(f"Lowering needs a head that pools by 'avg', not {pooling!r}")
        normed = ops.norm_for_pool("norm", network.norm, stream)
        x = ops.pool("pool", normed, "head.fc.input", head.input_quantizer)
        ops.average(ops.heads([("head.fc", head, x)]))


def _windows(block):
    """int64[windows, tokens]: which token each place of each window takes, shifted."""
    height, width = block.input_resolution
    tokens = torch.arange(height * width).view(1, height, width, 1)
    shifted = tokens.roll([-shift for shift in block.shift_size], (1, 2))
    windows = _swin.window_partition(shifted, block.window_size)
    return windows.flatten(1).numpy()
