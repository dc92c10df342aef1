"""Lowering: a quantized model to an integer program, equal to it op by op.

Tensors are named after the module they enter: ``blocks.0.norm1.input`` is what LayerNorm takes,
``blocks.0.attn.qkv.input`` its codes, ``blocks.0.attn.proj`` the layer's own output.
"""

import math

import torch
from torch import nn

from vit2rtl.golden.program.program import VARIANTS, IntegerProgram, Tensor
from vit2rtl.lowering.hardware_ops import HardwareOps
from vit2rtl.lowering.integer_ops import IntegerOps, Ranges
from vit2rtl.lowering.swin_lowering import SwinTransformer
from vit2rtl.models.surgery import timm

_vit = timm.models.vision_transformer


def lower(quantized, *, variant, model, preprocessing, images=None):
    """The integer program of a calibrated model.

    quantized      :class:`vit2rtl.quantized_vit.QuantizedViT`, profile ``hardware``
    variant        ``hardware``: LayerNorm, softmax, residual in float64; ``integer``: no float
    model          its name, for the record
    preprocessing  see :func:`vit2rtl.models.images.preprocessing`
    images         float32[n, channels, height, width] for variant ``integer``: the ranges of the
                   residual stream and of the logits come from them
    raises         ValueError naming what has no integer form
    """
    recipe = quantized.recipe
    recipe.require_integers("Lowering needs")
    network = quantized.network
    if variant not in VARIANTS:
        raise ValueError(f"Variant must be one of {', '.join(VARIANTS)}, not {variant!r}")
    if variant == "hardware":
        ops = HardwareOps()
    elif images is None or not len(images):
        raise ValueError("Variant integer needs images, for the range of the residual stream")
    else:
        ops = IntegerOps(Ranges.of(quantized, images))
    embedding = network.patch_embed.proj
    quantizer = embedding.input_quantizer
    shape = (embedding.weight_codes.shape[1] // math.prod(embedding.patch),
             *network.patch_embed.img_size)
    image = Tensor("image", shape, quantizer.bits, scale=float(quantizer.scale),
                   zero_point=int(quantizer.zero_point))
    names = {module: name for name, module in network.named_modules()}
    walk = _VisionTransformer if isinstance(network, _vit.VisionTransformer) else SwinTransformer
    walk(network, ops, names).build(image)
    return IntegerProgram(
        variant, image, _pixel_codes(quantizer, shape[0], preprocessing), ops.made,
        preprocessing, model, recipe.as_dict(),
    )


def _pixel_codes(quantizer, channels, preprocessing):
    """uint8[channels, 256]: pixel to [0, 1], normalized, quantized, in float32 as torch does it."""
    pixels = torch.arange(256, dtype=torch.float32).div(255).expand(channels, 256).clone()
    mean, std = (torch.tensor(preprocessing[key], dtype=torch.float32)[:, None]
                 for key in ("mean", "std"))
    return quantizer.codes(pixels.sub_(mean).div_(std)).to(torch.uint8).numpy()


class _VisionTransformer:
    """Walks a ViT or DeiT and makes its ops."""

    def __init__(self, network, ops, names):
        self.network, self.ops, self.names = network, ops, names

    def build(self, image):
        network, ops = self.network, self.ops
        if not isinstance(network.patch_embed.norm, nn.Identity):
            raise ValueError("Module 'patch_embed.norm' cannot be lowered")
        patches = ops.patches(image, network.patch_embed.proj)
        norm_pre = network.norm_pre
        if isinstance(norm_pre, nn.Identity):
            ops.enter(self._streams())
            embedded = ops.branch("patch_embed.proj", network.patch_embed.proj, patches)
            stream = ops.embed(embedded, self._constants(), self._into(0))
        else:
            ops.enter(["norm_pre.input"])
            embedded = ops.branch("patch_embed.proj", network.patch_embed.proj, patches)
            stream = ops.embed(embedded, self._constants(), "norm_pre.input")
            ops.enter(self._streams())
            stream = ops.norm_to_stream("norm_pre", norm_pre, stream, self._into(0))
        for n, block in enumerate(network.blocks):
            stream = self._block(block, stream, self._into(n + 1))
        self._head(stream)

    def _into(self, n):
        """Name of the stream that enters block ``n``, or leaves the last one."""
        return f"blocks.{n}.norm1.input" if n < len(self.network.blocks) else "stream"

    def _streams(self):
        """Names of the streams that share one scale: all from the first block on."""
        blocks = len(self.network.blocks)
        return [self._into(n) for n in range(blocks + 1)] + [
            f"blocks.{n}.norm2.input" for n in range(blocks)]

    def _constants(self):
        """float64[tokens, channels]: position embedding, with the class tokens where they are."""
        network = self.network
        tokens = [getattr(network, name, None) for name in ("cls_token", "dist_token")]
        tokens = [token[0].double() for token in tokens if token is not None]
        count, channels = network.patch_embed.num_patches, network.embed_dim
        constants = torch.cat([*tokens, torch.zeros(count, channels, dtype=torch.float64)])
        if network.pos_embed is not None:
            position = network.pos_embed[0].double()
            constants[len(constants) - len(position):] += position
        return constants.numpy()

    def _block(self, block, stream, out):
        ops, name = self.ops, self.names[block]
        attention = block.attn
        x = ops.layer_norm(f"{name}.norm1", block.norm1, stream, f"{name}.attn.qkv", attention.qkv)
        q, k, v = ops.query_key_value(f"{name}.attn.qkv", attention.qkv, x)
        y = ops.attention(f"{name}.attn", attention, q, k, v)
        branch = ops.branch(f"{name}.attn.proj", attention.proj, y)
        stream = ops.add(f"{name}.attn.add", stream, branch, f"{name}.norm2.input")
        return ops.mlp(name, block, stream, out)

    def _head(self, stream):
        network = self.network
        if isinstance(network.head, nn.Identity):
            raise ValueError("Lowering needs a classifier: this model has no classes")
        norms = [(n, m) for n, m in (("norm", network.norm), ("fc_norm", network.fc_norm))
                 if not isinstance(m, nn.Identity)]
        if len(norms) != 1:
            raise ValueError(f"Lowering needs one LayerNorm before the head, not {len(norms)}")
        pooling = {"token": self._tokens, "avg": self._mean}.get(network.global_pool)
        if pooling is None:
            raise ValueError(
                f"Pooling {network.global_pool!r} cannot be lowered; token and avg can"
            )
        self.ops.average(self.ops.heads(pooling(stream, *norms[0])))

    def _tokens(self, stream, norm_name, norm):
        """The class token for the head, and the distillation token for one of its own."""
        inputs = []
        for n, name in enumerate(name for name in ("head", "head_dist")
                                 if hasattr(self.network, name)):
            head = getattr(self.network, name)
            pooled = self.ops.select(f"{name}.token", stream, [n])
            x = self.ops.layer_norm(f"{name}.{norm_name}", norm, pooled, name, head)
            inputs.append((name, head, x))
        return inputs

    def _mean(self, stream, norm_name, norm):
        """The mean of the image's tokens; LayerNorm before it (norm) or after it (fc_norm)."""
        network, ops, head = self.network, self.ops, self.network.head
        skipped = 0 if network.pool_include_prefix else network.num_prefix_tokens
        if norm_name == "norm":
            stream = ops.norm_for_pool("norm", norm, stream)
        if skipped:
            stream = ops.select("pool.tokens", stream, list(range(skipped, stream.shape[0])))
        if norm_name == "norm":
            return [("head", head, ops.pool("pool", stream, "head.input", head.input_quantizer))]
        pooled = ops.pool_stream("pool", stream, "fc_norm.input")
        return [("head", head, ops.layer_norm("fc_norm", norm, pooled, "head", head))]
