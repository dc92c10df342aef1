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


def replace_merging(surgeon: Surgeon, merging: nn.Module, name: str) -> None:
    """PatchMerging, its norm and its linear layer."""
    layer = surgeon.linear(merging.reduction, Place(f"{name}.reduction", Role.REDUCTION))
    merging.reduction = layer.module
    surgeon.pair(f"{name}.norm", merging.norm, layer)


def merging_streams(
    structure: Structure, network: nn.Module, prefix: str = ""
) -> list[Stream]:
    """What goes into patch merging and into its norm; modules of ``network`` have names that begin
    with ``prefix`` in the structure."""
    streams = []
    for pair in structure.normed:
        if pair.layer.role is Role.REDUCTION:
            merging = pair.norm_name.rpartition(".")[0]
            module = network.get_submodule(merging.removeprefix(prefix))
            streams += [Stream(f"{pair.norm_name}.input", pair.norm),
                        Stream(f"{merging}.input", module)]
    return streams


class SwinTransformers(Family):
    """timm's ``SwinTransformer``."""

    types = (_swin.SwinTransformer,)
    containers = (nn.Sequential, _swin.SwinTransformerStage, timm.layers.ClassifierHead)
    replacements: ClassVar[Replacements] = {
        _swin.SwinTransformerBlock: _replace_block, _swin.PatchMerging: replace_merging,
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
        return streams + merging_streams(structure, network)

    def walk(self, structure: Structure, ops: Ops, image: Tensor) -> None:
        walk = Walk(structure, ops, structure.network)
        walk.head(walk.build(image))


FAMILY = SwinTransformers()


class Walk:
    """From the image to what the last block gives.

    Windows are gathered from the residual stream, so that LayerNorm's codes come out in the order
    that attention takes them; windows that are filled up from LayerNorm's codes, since it is behind
    LayerNorm that they are.
    """

    def __init__(
        self, structure: Structure, ops: Ops, network: nn.Module, prefix: str = "",
        last: str = "norm.input",
    ) -> None:
        """``network`` is timm's model, ``prefix`` what the names of its modules begin with in the
        structure, ``last`` the name of the stream that the last block gives."""
        self.structure, self.network, self.ops = structure, network, ops
        self.prefix, self.last = prefix, last
        blocks = {block.module: block for block in structure.blocks}
        self.stages = [[blocks[module] for module in stage.blocks] for stage in network.layers]
        merges = {pair.norm: pair for pair in structure.normed}
        self.merges = [
            merges[stage.downsample.norm] if isinstance(stage.downsample, _swin.PatchMerging)
            else None for stage in network.layers
        ]
        patch = structure.patch_embedding.patch
        height, width = (a // b for a, b in zip(structure.image_size, patch, strict=True))
        self.sizes = []
        for merge in self.merges:
            if merge is not None:
                height, width = -(-height // 2), -(-width // 2)
            self.sizes.append((height, width))

    def build(self, image: Tensor) -> Tensor:
        network, ops, embedding = self.network, self.ops, self.structure.layers[0]
        patches = ops.patches(image, embedding)
        norm, norm_name = network.patch_embed.norm, f"{self.prefix}patch_embed.norm"
        first = self._into(0, 0)
        ops.enter([first] if isinstance(norm, nn.Identity) else [f"{norm_name}.input"])
        codes = ops.branch(embedding, patches)
        if isinstance(norm, nn.Identity):
            ops.enter(self._streams(0))
            stream = ops.stream_of(codes, first)
        else:
            stream = ops.stream_of(codes, f"{norm_name}.input")
            ops.enter(self._streams(0))
            stream = ops.norm_to_stream(norm_name, norm, stream, first)
        for n, blocks in enumerate(self.stages):
            merge = self.merges[n]
            if merge is not None:
                stream = self._merge(n, merge, stream)
            for m, block in enumerate(blocks):
                stream = self._block(block, stream, self.sizes[n], self._into(n, m + 1))
            self.leave(n, stream)
        return stream

    def leave(self, stage: int, stream: Tensor) -> None:
        """Called with what each stage's last block gives."""

    def _into(self, stage: int, block: int) -> str:
        """Name of the stream that enters a block, or leaves the stage's last one."""
        if block < len(self.stages[stage]):
            return f"{self.stages[stage][block].attention.normed.norm_name}.input"
        if stage + 1 == len(self.stages):
            return self.last
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
        (height, width), (tall, wide) = self.sizes[n - 1:n + 1]
        squares = _filled(height, width, (2 * tall, 2 * wide)).reshape(tall, 2, wide, 2)
        index = squares.transpose(0, 2, 3, 1).reshape(-1, 4)
        channels = stream.shape[-1]
        odd = height % 2 or width % 2
        merged = self.ops.gather(
            f"{name}.merge", stream, index, (len(index), 4 * channels), f"{pair.norm_name}.input",
            np.zeros(channels, np.int8) if odd else None)
        x = self.ops.layer_norm(pair.norm_name, pair.norm, merged, pair.layer)
        self.ops.enter(self._streams(n))
        codes = self.ops.branch(pair.layer, x)
        return self.ops.stream_of(codes, self._into(n, 0))

    def _block(
        self, block: Block, stream: Tensor, size: tuple[int, int], out: str
    ) -> Tensor:
        ops, name, attention = self.ops, block.name, block.attention
        index, normed = _windows(block.module, *size), attention.normed
        stream = ops.take(normed.norm_name, normed.norm, stream)
        shape = (*index.shape, stream.shape[-1])
        if index.size == stream.shape[0]:
            windows = ops.gather(f"{name}.windows", stream, index, shape, f"{name}.windows")
            x = ops.layer_norm(normed.norm_name, normed.norm, windows, normed.layer)
        else:
            codes = ops.layer_norm(normed.norm_name, normed.norm, stream, normed.layer,
                                   f"{normed.norm_name}.codes")
            x = ops.gather(f"{name}.windows", codes, index, shape, f"{normed.layer.name}.input",
                           _codes(normed))
        y = ops.attention(attention, *ops.query_key_value(normed.layer, x))
        branch = ops.branch(attention.last, y)
        # Where each token is in the windows; those that fill windows up come behind them all.
        places = np.argsort(index, axis=None, kind="stable")[:stream.shape[0]]
        branch = ops.gather(f"{name}.unwindows", branch, places, stream.shape, f"{name}.unwindows")
        stream = ops.add(f"{attention.name}.add", stream, branch,
                         f"{block.mlp.normed.norm_name}.input")
        return ops.mlp(block.mlp, stream, out)

    def head(self, stream: Tensor) -> None:
        """A classifier's, behind the last block."""
        ops = self.ops
        normed = ops.norm_for_pool("norm", self.network.norm, stream)
        if not self.structure.heads:
            ops.average([ops.pool_stream("pool", normed, "head.fc.input")])
            return
        head = self.structure.heads[0]
        x = ops.pool("pool", normed, f"{head.name}.input", head.module.input_quantizer)
        ops.average(ops.heads([(head, x)]))


def _codes(normed: NormedLinear) -> np.ndarray:
    """uint8[channels]: what a layer takes where windows are filled up."""
    if normed.pad is None:
        raise ValueError(f"{normed.norm_name} has nothing that windows are filled up with")
    return normed.linear.input_quantizer.codes(normed.pad).to(torch.uint8).numpy()


def _filled(height: int, width: int, size: tuple[int, int]) -> np.ndarray:
    """int64[size]: numbers of tokens, at right and bottom the one behind the last."""
    tokens = np.full(size, height * width)
    tokens[:height, :width] = np.arange(height * width).reshape(height, width)
    return tokens


def _windows(block: nn.Module, height: int, width: int) -> np.ndarray:
    """int64[windows, tokens]: which token each place of each window takes, filled up, shifted;
    height × width stands where windows are filled up."""
    size = [side + -side % window
            for side, window in zip((height, width), block.window_size, strict=True)]
    tokens = torch.from_numpy(_filled(height, width, (size[0], size[1])))[None, ..., None]
    shifted = tokens.roll([-shift for shift in block.shift_size], (1, 2))
    windows = _swin.window_partition(shifted, block.window_size)
    return windows.flatten(1).numpy()
