"""Swin Transformers: windows as gathers of tokens, masks, merged patches, the pooled head."""

import functools
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from vit2rtl.golden.program.program import Tensor
from vit2rtl.models.family import Family, Replacements, Stream, block_streams
from vit2rtl.models.library import timm
from vit2rtl.models.ops import Ops
from vit2rtl.models.surgery import Surgeon, refuse
from vit2rtl.quantization.structure import Block, NormedLinear, Place, Role, Structure

_swin = timm.models.swin_transformer


def _replace_block(surgeon: Surgeon, block: nn.Module, name: str) -> None:
    surgeon.check_block(block, name, _swin.WindowAttention)
    for size, window in zip(block.input_resolution, block.window_size, strict=True):
        if size % window:
            refuse(f"{name}.attn", block.attn,
                   f"would pad: its {size} tokens a side are no multiple of the window of "
                   f"{window}; choose another img_size")
    bias = block.attn._get_rel_pos_bias().detach()
    surgeon.block(block, name, bias=bias, mask=block.attn_mask,
                  arrange=functools.partial(_into_windows, block.shift_size, block.window_size))


def _into_windows(
    shift: tuple[int, int], window: tuple[int, int], x: torch.Tensor
) -> torch.Tensor:
    """The stream [batch, height, width, channels] as attention takes it:
    [batch * windows, tokens, channels]."""
    if any(shift):
        x = torch.roll(x, shifts=(-shift[0], -shift[1]), dims=(1, 2))
    return _swin.window_partition(x, window).flatten(1, 2)


def _replace_merging(surgeon: Surgeon, merging: nn.Module, name: str) -> None:
    layer = surgeon.linear(merging.reduction, Place(f"{name}.reduction", Role.REDUCTION))
    merging.reduction = layer.module
    surgeon.pair(f"{name}.norm", merging.norm, layer)


class SwinTransformers(Family):
    """timm's ``SwinTransformer``."""

    types = (_swin.SwinTransformer,)
    containers = (nn.Sequential, _swin.SwinTransformerStage, timm.layers.ClassifierHead)
    replacements: ClassVar[Replacements] = {
        _swin.SwinTransformerBlock: _replace_block, _swin.PatchMerging: _replace_merging,
    }

    def check(self, model: nn.Module) -> None:
        pooling = model.head.global_pool.pool_type
        if pooling != "avg":
            raise ValueError(f"Pooling {pooling!r} is not supported; avg is")
        if not any(len(stage.blocks) for stage in model.layers):
            raise ValueError("A model without blocks is not supported")

    def heads(self, model: nn.Module) -> list[nn.Module]:
        return [model.head.fc]

    def embeddings(self, model: nn.Module) -> list[nn.Parameter]:
        return []

    def head_norm(self, model: nn.Module) -> nn.LayerNorm | None:
        return model.norm if isinstance(model.norm, nn.LayerNorm) else None

    def image_size(self, model: nn.Module) -> tuple[int, int]:
        return model.patch_embed.img_size

    def streams(self, structure: Structure) -> list[Stream]:
        network = structure.network
        streams = [*block_streams(structure), Stream("norm.input", network.norm)]
        if not structure.heads:
            streams.append(Stream("head.fc.input", network.head.fc))
        if isinstance(network.patch_embed.norm, nn.LayerNorm):
            streams.append(Stream("patch_embed.norm.input", network.patch_embed.norm))
        for pair in structure.normed:
            if pair.layer.role is Role.REDUCTION:
                merging = pair.norm_name.rpartition(".")[0]
                streams += [Stream(f"{pair.norm_name}.input", pair.norm),
                            Stream(f"{merging}.input", network.get_submodule(merging))]
        return streams

    def walk(self, structure: Structure, ops: Ops, image: Tensor) -> None:
        _Walk(structure, ops).build(image)


FAMILY = SwinTransformers()


class _Walk:
    """From the image to the logits.

    Windows are gathered from the residual stream, so that LayerNorm's codes come out in the order
    that attention takes them.
    """

    def __init__(self, structure: Structure, ops: Ops) -> None:
        self.structure, self.network, self.ops = structure, structure.network, ops
        blocks = {block.module: block for block in structure.blocks}
        self.stages = [[blocks[module] for module in stage.blocks]
                       for stage in structure.network.layers]
        merges = {pair.norm: pair for pair in structure.normed}
        self.merges = [
            merges[stage.downsample.norm] if isinstance(stage.downsample, _swin.PatchMerging)
            else None for stage in structure.network.layers
        ]

    def build(self, image: Tensor) -> None:
        network, ops, embedding = self.network, self.ops, self.structure.layers[0]
        patches = ops.patches(image, embedding)
        norm = network.patch_embed.norm
        first = self._into(0, 0)
        ops.enter([first] if isinstance(norm, nn.Identity) else ["patch_embed.norm.input"])
        codes = ops.branch(embedding, patches)
        if isinstance(norm, nn.Identity):
            ops.enter(self._streams(0))
            stream = ops.stream_of(codes, first)
        else:
            stream = ops.stream_of(codes, "patch_embed.norm.input")
            ops.enter(self._streams(0))
            stream = ops.norm_to_stream("patch_embed.norm", norm, stream, first)
        for n, blocks in enumerate(self.stages):
            merge = self.merges[n]
            if merge is not None:
                stream = self._merge(n, merge, stream)
            for m, block in enumerate(blocks):
                stream = self._block(block, stream, self._into(n, m + 1))
        self._head(stream)

    def _into(self, stage: int, block: int) -> str:
        """Name of the stream that enters a block, or leaves the stage's last one."""
        if block < len(self.stages[stage]):
            return f"{self.stages[stage][block].attention.normed.norm_name}.input"
        if stage + 1 == len(self.stages):
            return "norm.input"
        merge = self.merges[stage + 1]
        if merge is not None:
            return f"{merge.norm_name.rpartition('.')[0]}.input"
        return self._into(stage + 1, 0)

    def _streams(self, stage: int) -> list[str]:
        """Names of the streams of a stage: they share one scale."""
        blocks = self.stages[stage]
        return [self._into(stage, m) for m in range(len(blocks) + 1)] + [
            f"{block.mlp.normed.norm_name}.input" for block in blocks]

    def _merge(self, n: int, pair: NormedLinear, stream: Tensor) -> Tensor:
        name = pair.norm_name.rpartition(".")[0]
        height, width = self.stages[n - 1][0].module.input_resolution
        if height % 2 or width % 2:
            raise ValueError(f"Module {name!r} would pad {height}×{width} tokens")
        squares = np.arange(height * width).reshape(height // 2, 2, width // 2, 2)
        index = squares.transpose(0, 2, 3, 1).reshape(-1, 4)
        shape = (len(index), 4 * stream.shape[-1])
        merged = self.ops.gather(f"{name}.merge", stream, index, shape, f"{pair.norm_name}.input")
        x = self.ops.layer_norm(pair.norm_name, pair.norm, merged, pair.layer)
        self.ops.enter(self._streams(n))
        codes = self.ops.branch(pair.layer, x)
        return self.ops.stream_of(codes, self._into(n, 0))

    def _block(self, block: Block, stream: Tensor, out: str) -> Tensor:
        ops, name, attention = self.ops, block.name, block.attention
        index, normed = _windows(block.module), attention.normed
        stream = ops.take(normed.norm_name, normed.norm, stream)
        windows = ops.gather(f"{name}.windows", stream, index, (*index.shape, stream.shape[-1]),
                             f"{name}.windows")
        x = ops.layer_norm(normed.norm_name, normed.norm, windows, normed.layer)
        y = ops.attention(attention, *ops.query_key_value(normed.layer, x))
        branch = ops.branch(attention.last, y)
        branch = ops.gather(f"{name}.unwindows", branch, np.argsort(index, axis=None),
                            stream.shape, f"{name}.unwindows")
        stream = ops.add(f"{attention.name}.add", stream, branch,
                         f"{block.mlp.normed.norm_name}.input")
        return ops.mlp(block.mlp, stream, out)

    def _head(self, stream: Tensor) -> None:
        ops = self.ops
        normed = ops.norm_for_pool("norm", self.network.norm, stream)
        if not self.structure.heads:
            ops.average([ops.pool_stream("pool", normed, "head.fc.input")])
            return
        head = self.structure.heads[0]
        x = ops.pool("pool", normed, f"{head.name}.input", head.module.input_quantizer)
        ops.average(ops.heads([(head, x)]))


def _windows(block: nn.Module) -> np.ndarray:
    """int64[windows, tokens]: which token each place of each window takes, shifted."""
    height, width = block.input_resolution
    tokens = torch.arange(height * width).view(1, height, width, 1)
    shifted = tokens.roll([-shift for shift in block.shift_size], (1, 2))
    windows = _swin.window_partition(shifted, block.window_size)
    return windows.flatten(1).numpy()
