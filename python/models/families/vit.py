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
from vit2rtl.models.surgery import Surgeon, refuse, require_none, require_norm
from vit2rtl.quantization.attention_pool import QuantAttentionPool, joined
from vit2rtl.quantization.structure import Attention, Block, Structure

_vit = timm.models.vision_transformer
# Attention looks at every pair of them.
MOST_PATCHES = 8192
POOLS = ("token", "avg", "map")
_Distilled = timm.models.deit.VisionTransformerDistilled


def _replace_block(surgeon: Surgeon, block: nn.Module, name: str) -> None:
    surgeon.check_block(block, name, _vit.Attention)
    surgeon.block(block, name)


def _replace_pool(surgeon: Surgeon, pool: nn.Module, name: str) -> None:
    """Attention of one query that no image changes: the latent token's."""
    require_none(pool, name, "q_norm", "k_norm", "pos_embed")
    surgeon.check_mlp(pool.mlp, f"{name}.mlp")
    require_norm(pool.norm, f"{name}.norm")
    if pool.latent_len != 1 or pool.pool != "token":
        refuse(name, pool, "must have one latent token")
    structure = surgeon.structure
    network, number = structure.network, len(structure.blocks)
    qkv = joined(pool.q(pool.latent[0, 0].detach()), pool.kv)
    part = f"{name}.attention"
    first, last, attention = surgeon.attention(pool, qkv, part, number, queries=1)
    normed = surgeon.pair("norm", network.norm, first)
    mlp = surgeon.mlp(pool.mlp, f"{name}.mlp", number, f"{name}.norm", pool.norm)
    network.attn_pool = QuantAttentionPool(attention, pool.norm, pool.mlp)
    structure.pooling = Block(name, network.attn_pool, Attention(part, normed, last, attention),
                              mlp)


class VisionTransformers(Family):
    """timm's ``VisionTransformer`` and ``VisionTransformerDistilled``."""

    types = (_vit.VisionTransformer, _Distilled)
    replacements: ClassVar[Replacements] = {
        _vit.Block: _replace_block, timm.layers.AttentionPoolLatent: _replace_pool,
    }
    one_block: ClassVar[Mapping[str, int]] = {"depth": 1}

    def check(self, model: nn.Module) -> None:
        if getattr(model, "attn_pool", None) is not None:
            require_norm(model.norm, "norm")
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
        if model.global_pool not in POOLS:
            raise ValueError(f"Pooling {model.global_pool!r} is not supported; "
                             f"{', '.join(POOLS)} are")
        require_none(model.patch_embed, "patch_embed", "norm")
        if not len(model.blocks):
            raise ValueError("A model without blocks is not supported")

    def fixed_arguments(self, model: nn.Module) -> dict[str, Any]:
        if not model.dynamic_img_size:
            return {}
        return {"dynamic_img_size": False, "img_size": model.patch_embed.img_size}

    def heads(self, model: nn.Module) -> list[nn.Module]:
        return [*_heads(model).values()]

    def embeddings(self, model: nn.Module) -> list[nn.Parameter]:
        position = [] if model.pos_embed is None else [model.pos_embed]
        return position + _tokens(model)

    def head_norm(self, model: nn.Module) -> nn.LayerNorm | None:
        # By attention is more than pooling: its qkv has the norm in front of it.
        norms = (model.fc_norm,) if model.attn_pool is not None else (model.norm, model.fc_norm)
        return next((norm for norm in norms if isinstance(norm, nn.LayerNorm)), None)

    def class_tokens(self, model: nn.Module) -> int:
        return len(self.heads(model)) if model.global_pool == "token" else 0

    def image_size(self, model: nn.Module) -> tuple[int, int]:
        return model.patch_embed.img_size

    def streams(self, structure: Structure) -> list[Stream]:
        network, pooling = structure.network, structure.pooling
        norms = {"norm_pre": network.norm_pre, "norm": network.norm, "fc_norm": network.fc_norm}
        outer = [Stream(f"{name}.input", norm) for name, norm in norms.items()
                 if isinstance(norm, nn.LayerNorm)]
        outer += [Stream(f"{name}.input", head) for name, head in _heads(network).items()
                  if isinstance(head, nn.Identity)]
        if pooling:
            normed = pooling.mlp.normed
            outer += [Stream(f"{normed.norm_name}.input", normed.norm),
                      Stream(f"{pooling.name}.output", pooling.module, output=True)]
        return [*block_streams(structure), *outer, Stream("stream", network.blocks, output=True)]

    def walk(self, structure: Structure, ops: Ops, image: Tensor) -> None:
        _Walk(structure, ops).build(image)


FAMILY = VisionTransformers()


def _heads(model: nn.Module) -> dict[str, nn.Module]:
    """Classifiers, or what passes features on where there are no classes, by name."""
    names = ("head", "head_dist") if isinstance(model, _Distilled) else ("head",)
    return {name: getattr(model, name) for name in names if hasattr(model, name)}


def _tokens(model: nn.Module) -> list[nn.Parameter]:
    """Class, distillation and register tokens, as far as the model has them."""
    tokens = (getattr(model, name, None) for name in ("cls_token", "dist_token", "reg_token"))
    return [token for token in tokens if token is not None]


class _Walk:
    """From the image to the logits."""

    def __init__(self, structure: Structure, ops: Ops) -> None:
        self.structure, self.network, self.ops = structure, structure.network, ops
        self.heads = {layer.name: layer for layer in structure.heads}
        self.names = [*self.heads] or [*_heads(self.network)]

    def build(self, image: Tensor) -> None:
        network, ops, embedding = self.network, self.ops, self.structure.layers[0]
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
        stream = ops.take(normed.norm_name, normed.norm, stream)
        x = ops.layer_norm(normed.norm_name, normed.norm, stream, normed.layer)
        y = ops.attention(attention, *ops.query_key_value(normed.layer, x))
        branch = ops.branch(attention.last, y)
        stream = ops.add(f"{attention.name}.add", stream, branch,
                         f"{block.mlp.normed.norm_name}.input")
        return ops.mlp(block.mlp, stream, out)

    def _head(self, stream: Tensor) -> None:
        """Pooling, LayerNorm before or behind it, and the classifiers, if there are any."""
        network, ops = self.network, self.ops
        if not self.heads:
            ops.enter([f"{name}.input" for name in self.names])
        match network.global_pool:
            case "token":
                ends = self._class_tokens(stream)
            case "avg":
                ends = [self._mean(stream)]
            case "map":
                ends = [self._end(self.names[0], self._attention_pool(stream), "fc_norm",
                                  network.fc_norm)]
            case pooling:
                raise ValueError(f"Pooling {pooling!r} cannot be lowered")
        if self.heads:
            ends = ops.heads([*zip(self.structure.heads, ends, strict=True)])
        ops.average(ends)

    def _end(self, name: str, token: Tensor, norm_name: str, norm: nn.Module) -> Tensor:
        """The codes that a head takes of a token, or where there are no classes the features."""
        ops, head = self.ops, self.heads.get(name)
        if isinstance(norm, nn.LayerNorm):
            if head is None:
                return ops.norm_to_stream(norm_name, norm, token, f"{name}.input")
            return ops.layer_norm(norm_name, norm, token, head)
        if head is None:
            return token
        return ops.pool(f"{name}.codes", token, f"{name}.input", head.module.input_quantizer)

    def _class_tokens(self, stream: Tensor) -> list[Tensor]:
        """The class token for the head, and the distillation token for one of its own."""
        network = self.network
        last = "norm" if isinstance(network.norm, nn.LayerNorm) else "fc_norm"
        tokens = [self.ops.select(f"{name}.token", stream, [n])
                  for n, name in enumerate(self.names)]
        return [self._end(name, token, f"{name}.{last}", getattr(network, last))
                for name, token in zip(self.names, tokens, strict=True)]

    def _mean(self, stream: Tensor) -> Tensor:
        """The mean of the image's tokens; LayerNorm before it (norm) or after it (fc_norm)."""
        network, ops, (name, *_) = self.network, self.ops, self.names
        head = self.heads.get(name)
        if isinstance(network.norm, nn.LayerNorm):
            stream = ops.norm_for_pool("norm", network.norm, stream)
        stream = self._image_tokens(stream)
        if isinstance(network.fc_norm, nn.LayerNorm):
            pooled = ops.pool_stream("pool", stream, "fc_norm.input")
            if head is None:
                ops.enter([f"{name}.input"])
            return self._end(name, pooled, "fc_norm", network.fc_norm)
        if head is None:
            return ops.pool_stream("pool", stream, f"{name}.input")
        return ops.pool("pool", stream, f"{name}.input", head.module.input_quantizer)

    def _image_tokens(self, stream: Tensor) -> Tensor:
        """Without class token and registers, unless they are pooled, too."""
        network = self.network
        skipped = 0 if network.pool_include_prefix else network.num_prefix_tokens
        if not skipped:
            return stream
        return self.ops.select("pool.tokens", stream, list(range(skipped, stream.shape[0])))

    def _attention_pool(self, stream: Tensor) -> Tensor:
        """One token, a residual stream of its own."""
        pooling, ops = self.structure.pooling, self.ops
        if pooling is None:
            raise ValueError("There is no attention to pool by")
        attention, normed = pooling.attention, pooling.attention.normed
        x = ops.layer_norm(normed.norm_name, normed.norm, self._image_tokens(stream), normed.layer)
        y = ops.attention(attention, *ops.query_key_value(normed.layer, x, queries=1))
        first, last = f"{pooling.mlp.normed.norm_name}.input", f"{pooling.name}.output"
        ops.enter([first, last])
        token = ops.stream_of(ops.branch(attention.last, y), first)
        token = ops.mlp(pooling.mlp, token, last)
        if not self.heads:
            ops.enter([f"{self.names[0]}.input"])
        return token
