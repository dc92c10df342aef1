"""One pass in which the float network and the quantized one go side by side.

The batch holds every image twice: the first half is float, the second as the layers before have
quantized it. What joins, moves, pools or normalizes tokens is the network's own code; each linear
layer, as the data reaches it, is fitted so that the second half comes near the first.
"""

import math
from collections.abc import Callable, Collection

import torch
from torch import nn

from vit2rtl.quantization.closed_form import ranges, transforms
from vit2rtl.quantization.closed_form.fitting import class_share, fit, linear
from vit2rtl.quantization.closed_form.weights import Moments
from vit2rtl.quantization.layers import QuantLinear
from vit2rtl.quantization.methods.repq import reparameterize
from vit2rtl.quantization.quantizers import LogSqrt2Quantizer, UniformQuantizer
from vit2rtl.quantization.structure import Attention, Branch, Layer, Mlp, Role, Structure

# Images whose attention is computed together, and every which of them judges a softmax scale.
_IMAGES = 8
_JUDGES = 4


class Walk:
    """Calibrates a structure in network order.

    steps   names of the steps that are on, see :data:`vit2rtl.quantization.settings.STEPS`
    done    called with a layer's name after each
    """

    def __init__(
        self, structure: Structure, steps: Collection[str], done: Callable[[str], None]
    ) -> None:
        self.structure, self.steps, self.done = structure, steps, done
        # What entered the LayerNorm of a branch, and what left the one before the heads.
        self.streams: dict[str, torch.Tensor] = {}
        self.tokens: torch.Tensor | None = None
        self.affine: tuple[torch.Tensor, torch.Tensor] | None = None

    def run(self, images: torch.Tensor) -> torch.Tensor:
        """images float32[n, channels, height, width] -> what the network gives of them twice:
        float32[2n, classes], the float half first"""
        hooks, modules = [], []
        for branch in self.structure.additions:
            hooks.append(branch.normed.norm.register_forward_pre_hook(self._stream(branch)))
        if self.structure.head_norm is not None:
            hooks.append(self.structure.head_norm.register_forward_hook(self._keep_tokens))
        for attention in self.structure.attentions:
            attention.module.calibrator = self._attention(attention)
            modules.append(attention.module)
        for branch in self.structure.additions:
            if isinstance(branch, Mlp):
                self._take(branch.last.module, self._last(branch), modules)
        for layer in self.structure.layers:
            calibrator = {
                Role.PATCH_EMBEDDING: self._embedding, Role.HEAD: self._head,
            }.get(layer.role)
            if calibrator:
                self._take(layer.module, calibrator(layer), modules)
        for pair in self.structure.normed:
            if pair.layer.role is not Role.QKV:
                self._take(pair.linear, self._normed(pair.norm, pair.layer), modules)
        try:
            return self.structure.network(torch.cat([images, images]))
        finally:
            for hook in hooks:
                hook.remove()
            for module in modules:
                module.calibrator = None

    def _take(
        self, module: QuantLinear, calibrator: Callable[..., torch.Tensor], modules: list
    ) -> None:
        module.calibrator = calibrator
        modules.append(module)

    def _stream(self, branch: Branch) -> Callable[..., None]:
        def hook(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            self.streams[branch.name] = inputs[0]

        return hook

    def _keep_tokens(self, _: nn.Module, inputs: object, output: torch.Tensor) -> None:
        self.tokens = output

    def _embedding(self, layer: Layer) -> Callable[[torch.Tensor], torch.Tensor]:
        def calibrate(x: torch.Tensor) -> torch.Tensor:
            module, (real, _) = layer.module, x.chunk(2)
            module.input_quantizer.calibrate(real)
            target = linear(module, real)
            return torch.cat([target, self._fit(layer, module.input_quantizer(real), target)])

        return calibrate

    def _normed(self, norm: nn.LayerNorm, layer: Layer) -> Callable[[torch.Tensor], torch.Tensor]:
        def calibrate(x: torch.Tensor) -> torch.Tensor:
            real, codes = self._reparameterized(norm, layer.module, x)
            target = linear(layer.module, real)
            return torch.cat([target, self._fit(layer, codes, target)])

        return calibrate

    def _reparameterized(
        self, norm: nn.LayerNorm, module: QuantLinear, x: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What the layer's inputs are once its LayerNorm is RepQ's, float and quantized."""
        real, damaged = x.chunk(2)
        self._range(damaged, module.input_quantizer, ranges.normed)
        real, damaged = _moved(reparameterize(norm, module), real, damaged)
        return real, module.input_quantizer(damaged)

    def _attention(self, attention: Attention) -> Callable[..., torch.Tensor]:
        def calibrate(x: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
            qkv, pair = attention.module.qkv, attention.normed
            real, codes = self._reparameterized(pair.norm, qkv, x)
            if "transform" in self.steps:
                self._change_basis(attention, linear(qkv, real))
            target = linear(qkv, real)
            damaged = self._fit(pair.layer, codes, target)
            parts = []
            for part, quantizer in zip(damaged.chunk(3, -1), qkv.outputs, strict=True):
                self._range(part, quantizer, ranges.two_sided)
                parts.append(quantizer(part))
            real_y = self._attend(attention, _heads(attention, target.chunk(3, -1)), mask)
            quantized = _heads(attention, parts)
            self._softmax(attention, quantized, mask)
            y = self._attend(attention, quantized, mask, attention.module.softmax_quantizer)
            return self._last(attention)(torch.cat([real_y, y]))

        return calibrate

    def _change_basis(self, attention: Attention, target: torch.Tensor) -> None:
        """Balance the channels of each head: exact, folded into qkv and proj."""
        qkv, proj, heads = attention.module.qkv, attention.module.proj, attention.module.heads
        flat = target.flatten(0, -2)
        size = flat.shape[1] // 3
        weight, bias, out = qkv.weight.double(), qkv.bias.double(), proj.weight.double()
        for head in range(heads):
            at = slice(head * size // heads, (head + 1) * size // heads)
            q, k, v = (slice(at.start + n * size, at.stop + n * size) for n in range(3))
            moment = [x.T @ x / len(x) for x in (flat[:, part].double() for part in (q, k, v))]
            t, inverse = transforms.balancing(moment[0], moment[1])
            for rows, change in ((q, t.T), (k, inverse)):
                weight[rows], bias[rows] = change @ weight[rows], change @ bias[rows]
            t, inverse = transforms.balancing(moment[2], out[:, at].T @ out[:, at])
            weight[v], bias[v] = t.T @ weight[v], t.T @ bias[v]
            out[:, at] = out[:, at] @ inverse.T
        qkv.weight, qkv.bias = weight.to(qkv.weight.dtype), bias.to(qkv.bias.dtype)
        proj.weight = out.to(proj.weight.dtype)

    def _attend(
        self, attention: Attention, parts: list[torch.Tensor], mask: torch.Tensor | None,
        quantizer: LogSqrt2Quantizer | None = None,
    ) -> torch.Tensor:
        """Attention of q, k, v [batch, heads, tokens, d] -> [batch, queries, channels]"""
        windows = 1 if mask is None else len(mask)
        outputs = []
        for q, k, v in zip(*(part.split(_IMAGES * windows) for part in parts), strict=True):
            rows = _probabilities(attention, q, k, mask)
            outputs.append((quantizer(rows).to(v.dtype) if quantizer else rows) @ v)
        return torch.cat(outputs).transpose(1, 2).flatten(2)

    def _softmax(
        self, attention: Attention, parts: list[torch.Tensor], mask: torch.Tensor | None
    ) -> None:
        """The scale by what attention times V makes of it."""
        quantizer = attention.module.softmax_quantizer
        windows = 1 if mask is None else len(mask)
        images = len(parts[0]) // windows
        judges = torch.arange(images).view(-1, 1)[::_JUDGES] * windows + torch.arange(windows)
        q, k, v = (part[judges.flatten()] for part in parts)
        rows = _probabilities(attention, q, k, mask)
        if "softmax" not in self.steps:
            quantizer.calibrate(rows)
            return
        target, best = rows @ v, (math.inf, 1.0)
        for scale in ranges.SOFTMAX_SCALES:
            quantizer.set_scale(scale)
            error = float((quantizer(rows) @ v - target).square_().sum())
            best = min(best, (error, scale))
        quantizer.set_scale(best[1])

    def _last(self, branch: Branch) -> Callable[[torch.Tensor], torch.Tensor]:
        """The layer that ends a branch: with the residual target it makes up for what the stream
        has lost before."""
        def calibrate(x: torch.Tensor) -> torch.Tensor:
            layer, module = branch.last, branch.last.module
            real, damaged = x.chunk(2)
            find = ranges.one_sided if isinstance(branch, Mlp) else ranges.two_sided
            self._range(damaged, module.input_quantizer, find)
            target = own = linear(module, real)
            # Attention that pools adds to no stream.
            if "residual" in self.steps and branch.name in self.streams:
                stream, lost = self.streams.pop(branch.name).chunk(2)
                difference = stream - lost
                if isinstance(branch, Attention) and branch.arrange is not None:
                    difference = branch.arrange(difference)
                target = own + difference.view(own.shape)
            return torch.cat([own, self._fit(layer, module.input_quantizer(damaged), target)])

        return calibrate

    def _head(self, layer: Layer) -> Callable[[torch.Tensor], torch.Tensor]:
        def calibrate(x: torch.Tensor) -> torch.Tensor:
            module, norm = layer.module, self.structure.head_norm
            real, damaged = x.chunk(2)
            moments = None
            if norm is None or "head" not in self.steps or not self._heads_alike():
                module.input_quantizer.calibrate(damaged)
            else:
                if self.affine is None:
                    heads = [head.module for head in self.structure.heads]
                    ranges.channels(damaged.flatten(0, -2), module.input_quantizer)
                    self.affine = reparameterize(norm, *heads)
                real, damaged = _moved(self.affine, real, damaged)
                if self.tokens is not None:
                    (tokens,) = _moved(self.affine, self.tokens.chunk(2)[1])
                    moments = Moments(module.input_quantizer(tokens).flatten(0, -2))
            target = linear(module, real)
            y = self._fit(layer, module.input_quantizer(damaged), target, moments)
            return torch.cat([target, y])

        return calibrate

    def _heads_alike(self) -> bool:
        """Whether one LayerNorm can be reparameterized for all of them."""
        return len({head.module.input_quantizer.bits for head in self.structure.heads}) == 1

    def _range(
        self, x: torch.Tensor, quantizer: UniformQuantizer,
        find: Callable[[torch.Tensor, UniformQuantizer], None],
    ) -> None:
        find(x, quantizer) if "ranges" in self.steps else quantizer.calibrate(x)

    def _fit(
        self, layer: Layer, x: torch.Tensor, target: torch.Tensor,
        background: Moments | None = None,
    ) -> torch.Tensor:
        y = fit(layer, x.flatten(0, -2), target.flatten(0, -2), self.steps, background,
                self._counts(layer, x))
        self.done(layer.name)
        return y.view(target.shape)

    def _counts(self, layer: Layer, x: torch.Tensor) -> torch.Tensor | None:
        """How often each token of x [batch, tokens, channels] counts in a layer's fit, one on
        average; None where all count alike."""
        block, some = layer.place.block, self.structure.class_tokens
        if not some or block is None or x.ndim != 3 or x.shape[1] <= some:
            return None
        share = class_share(layer.module, (block + 1) / len(self.structure.blocks))
        tokens = x.shape[1]
        if share <= some / tokens:
            return None
        counts = torch.full(
            (tokens, 1), (1 - share) * tokens / (tokens - some), device=x.device)
        counts[:some] = share * tokens / some
        return counts.repeat(len(x), 1)


def _moved(
    affine: tuple[torch.Tensor, torch.Tensor], *values: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """What a LayerNorm gives once reparameterized, from what it gave before."""
    factor, offset = affine
    return tuple((x + offset.to(x.dtype)) / factor.to(x.dtype) for x in values)


def _heads(
    attention: Attention, parts: tuple[torch.Tensor, ...] | list[torch.Tensor]
) -> list[torch.Tensor]:
    """q, k, v [batch, tokens, channels] -> [batch, heads, tokens, d], q of the tokens that ask"""
    q, k, v = (part.unflatten(-1, (attention.module.heads, -1)).transpose(1, 2) for part in parts)
    return [q[:, :, :attention.module.queries], k, v]


def _probabilities(
    attention: Attention, q: torch.Tensor, k: torch.Tensor, mask: torch.Tensor | None
) -> torch.Tensor:
    module = attention.module
    return module.add_bias(q @ k.mT * module.scale, mask).softmax(-1)
