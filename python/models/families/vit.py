"""Vision Transformers: ViT and DeiT, and DeiT with a distillation token and a head of its own."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from vit2rtl.golden.program.program import Tensor
from vit2rtl.models.family import Family, Replacements, Stream, block_streams
from vit2rtl.models.library import timm
from vit2rtl.models.ops import Ops
from vit2rtl.models.surgery import Surgeon, refuse
from vit2rtl.quantization.structure import Block, Layer, Structure

_vit = timm.models.vision_transformer
# Attention looks at every pair of them.
MOST_PATCHES = 8192
POOLS = ("token", "avg")
_Distilled = timm.models.deit.VisionTransformerDistilled
# Pairs of a head's layer and its input codes.
Heads = list[tuple[Layer, Tensor]]


def _replace_block(surgeon: Surgeon, block: nn.Module, name: str) -> None:
    surgeon.check_block(block, name, _vit.Attention)
    surgeon.block(block, name)


class VisionTransformers(Family):
    """timm's ``VisionTransformer`` and ``VisionTransformerDistilled``."""

    types = (_vit.VisionTransformer, _Distilled)
    replacements: ClassVar[Replacements] = {_vit.Block: _replace_block}
    one_block: ClassVar[Mapping[str, int]] = {"depth": 1}

    def check(self, model: nn.Module) -> None:
        if getattr(model, "attn_pool", None) is not None:
            refuse("attn_pool", model.attn_pool)
        if model.dynamic_img_size:
            raise ValueError("Models with a dynamic image size are not supported: give img_size "
                             "and dynamic_img_size=False")
        embedding = model.patch_embed
        sizes = [*zip(embedding.img_size, embedding.patch_size, strict=True)]
        if embedding.dynamic_img_pad and any(size % patch for size, patch in sizes):
            raise ValueError(f"Padding images of {embedding.img_size} pixels to patches of "
                             f"{embedding.patch_size} is not supported: choose another img_size, "
                             "or dynamic_img_pad=False, which leaves the rest out")
        if any(size < patch for size, patch in sizes):
            raise ValueError(f"Images of {embedding.img_size} pixels are smaller than patches of "
                             f"{embedding.patch_size}: choose another img_size")
        if embedding.num_patches > MOST_PATCHES:
            raise ValueError(f"Attention over {embedding.num_patches} patches is not supported; "
                             f"{MOST_PATCHES} are the most")
        norms = [norm for norm in (model.norm, model.fc_norm) if not isinstance(norm, nn.Identity)]
        if len(norms) != 1:
            raise ValueError(f"One LayerNorm must stand before the head, not {len(norms)}")
        if model.global_pool not in POOLS:
            raise ValueError(f"Pooling {model.global_pool!r} is not supported; "
                             f"{' and '.join(POOLS)} are")
        if not len(model.blocks):
            raise ValueError("A model without blocks is not supported")

    def fixed_arguments(self, model: nn.Module) -> dict[str, Any]:
        if not model.dynamic_img_size:
            return {}
        return {"dynamic_img_size": False, "img_size": model.patch_embed.img_size}

    def heads(self, model: nn.Module) -> list[nn.Module]:
        return [model.head, model.head_dist] if isinstance(model, _Distilled) else [model.head]

    def embeddings(self, model: nn.Module) -> list[nn.Parameter]:
        position = [] if model.pos_embed is None else [model.pos_embed]
        return position + _tokens(model)

    def image_size(self, model: nn.Module) -> tuple[int, int]:
        return model.patch_embed.img_size

    def streams(self, structure: Structure) -> list[Stream]:
        network = structure.network
        norms = {"norm_pre": network.norm_pre, "norm": network.norm, "fc_norm": network.fc_norm}
        outer = [Stream(f"{name}.input", norm) for name, norm in norms.items()
                 if isinstance(norm, nn.LayerNorm)]
        return [*block_streams(structure), *outer, Stream("stream", network.blocks, output=True)]

    def walk(self, structure: Structure, ops: Ops, image: Tensor) -> None:
        _Walk(structure, ops).build(image)


FAMILY = VisionTransformers()


def _tokens(model: nn.Module) -> list[nn.Parameter]:
    """Class, distillation and register tokens, as far as the model has them."""
    tokens = (getattr(model, name, None) for name in ("cls_token", "dist_token", "reg_token"))
    return [token for token in tokens if token is not None]


class _Walk:
    """From the image to the logits."""

    def __init__(self, structure: Structure, ops: Ops) -> None:
        self.structure, self.network, self.ops = structure, structure.network, ops

    def build(self, image: Tensor) -> None:
        network, ops, embedding = self.network, self.ops, self.structure.layers[0]
        if not isinstance(network.patch_embed.norm, nn.Identity):
            raise ValueError("Module 'patch_embed.norm' cannot be lowered")
        patches = ops.patches(image, embedding)
        norm_pre = network.norm_pre
        if isinstance(norm_pre, nn.Identity):
            ops.enter(self._streams())
            embedded = ops.branch(embedding, patches)
            stream = ops.embed(embedded, self._constants(), self._into(0))
        else:
            ops.enter(["norm_pre.input"])
            embedded = ops.branch(embedding, patches)
            stream = ops.embed(embedded, self._constants(), "norm_pre.input")
            ops.enter(self._streams())
            stream = ops.norm_to_stream("norm_pre", norm_pre, stream, self._into(0))
        for n, block in enumerate(self.structure.blocks):
            stream = self._block(block, stream, self._into(n + 1))
        self._head(stream)

    def _into(self, n: int) -> str:
        """Name of the stream that enters block ``n``, or leaves the last one."""
        blocks = self.structure.blocks
        return f"{blocks[n].attention.normed.norm_name}.input" if n < len(blocks) else "stream"

    def _streams(self) -> list[str]:
        """Names of the streams that share one scale: all from the first block on."""
        return [*(stream.name for stream in block_streams(self.structure)), "stream"]

    def _constants(self) -> np.ndarray:
        """float64[tokens, channels]: position embedding, with the class tokens where they are."""
        network = self.network
        tokens = [token[0].double() for token in _tokens(network)]
        count, channels = network.patch_embed.num_patches, network.embed_dim
        constants = torch.cat([*tokens, torch.zeros(count, channels, dtype=torch.float64)])
        if network.pos_embed is not None:
            position = network.pos_embed[0].double()
            constants[len(constants) - len(position):] += position
        return constants.numpy()

    def _block(self, block: Block, stream: Tensor, out: str) -> Tensor:
        ops, attention = self.ops, block.attention
        normed = attention.normed
        x = ops.layer_norm(normed.norm_name, normed.norm, stream, normed.layer)
        y = ops.attention(attention, *ops.query_key_value(normed.layer, x))
        branch = ops.branch(attention.last, y)
        stream = ops.add(f"{attention.name}.add", stream, branch,
                         f"{block.mlp.normed.norm_name}.input")
        return ops.mlp(block.mlp, stream, out)

    def _head(self, stream: Tensor) -> None:
        network = self.network
        if not self.structure.heads:
            raise ValueError("Lowering needs a classifier: this model has no classes")
        norm_name, norm = next((n, m) for n, m in (("norm", network.norm),
                                                   ("fc_norm", network.fc_norm))
                               if not isinstance(m, nn.Identity))
        pooled = self._class_tokens if network.global_pool == "token" else self._mean
        self.ops.average(self.ops.heads(pooled(stream, norm_name, norm)))

    def _class_tokens(self, stream: Tensor, norm_name: str, norm: nn.LayerNorm) -> Heads:
        """The class token for the head, and the distillation token for one of its own."""
        heads = []
        for n, head in enumerate(self.structure.heads):
            pooled = self.ops.select(f"{head.name}.token", stream, [n])
            x = self.ops.layer_norm(f"{head.name}.{norm_name}", norm, pooled, head)
            heads.append((head, x))
        return heads

    def _mean(self, stream: Tensor, norm_name: str, norm: nn.LayerNorm) -> Heads:
        """The mean of the image's tokens; LayerNorm before it (norm) or after it (fc_norm)."""
        network, ops, head = self.network, self.ops, self.structure.heads[0]
        skipped = 0 if network.pool_include_prefix else network.num_prefix_tokens
        if norm_name == "norm":
            stream = ops.norm_for_pool("norm", norm, stream)
        if skipped:
            stream = ops.select("pool.tokens", stream, list(range(skipped, stream.shape[0])))
        if norm_name == "norm":
            quantizer = head.module.input_quantizer
            return [(head, ops.pool("pool", stream, f"{head.name}.input", quantizer))]
        pooled = ops.pool_stream("pool", stream, "fc_norm.input")
        return [(head, ops.layer_norm("fc_norm", norm, pooled, head))]
