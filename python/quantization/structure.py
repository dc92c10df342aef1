"""What a method, a recording and a lowering see of a network: roles and places, never a name.

A model family fills it, see :mod:`vit2rtl.models.family`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import torch
from torch import nn

from vit2rtl.quantization.activation import QuantActivation
from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.layers import QuantLinear, QuantPatchEmbedding
from vit2rtl.quantization.quantizers import Quantizer


class Role(StrEnum):
    """What a linear layer does in the network.

    All of a detector behind its backbone, convolutions too, is ``DETECTION``.
    """

    PATCH_EMBEDDING = "patch embedding"
    QKV = "qkv"
    PROJ = "proj"
    FC1 = "fc1"
    FC2 = "fc2"
    REDUCTION = "merging reduction"
    HEAD = "head"
    DETECTION = "detection"

    @property
    def edge(self) -> bool:
        """Whether it is the first layer or a last one."""
        return self in (Role.PATCH_EMBEDDING, Role.HEAD)

    @property
    def normed(self) -> bool:
        """Whether a LayerNorm feeds it whose affine factors it alone takes."""
        return self in (Role.QKV, Role.FC1, Role.REDUCTION)


@dataclass(frozen=True)
class Place:
    """Where a layer stands: its name in the float model, its role, and its block's number.

    It names the quantities there that have a width of their own.
    """

    name: str
    role: Role
    block: int | None = None

    @property
    def weight(self) -> str:
        return f"{self.name}.weight"

    @property
    def input(self) -> str:
        return f"{self.name}.input"

    @property
    def outputs(self) -> tuple[str, ...]:
        """q, k and v; none of other layers, whose output the float vector unit takes."""
        return tuple(f"{self.name}.{part}" for part in "qkv") if self.role is Role.QKV else ()

    @property
    def softmax(self) -> str:
        """The softmax codes of the attention whose qkv stands here."""
        return f"{self.name.rpartition('.')[0]}.softmax"


@dataclass(frozen=True)
class Layer:
    """A quantized linear layer at its place."""

    place: Place
    module: QuantLinear

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def role(self) -> Role:
        return self.place.role


@dataclass(frozen=True)
class NormedLinear:
    """A LayerNorm and the linear layer it feeds: the pair that reparameterization changes.

    padded   whose buffer ``pad`` is what windows are filled up with behind the norm, or None
    """

    norm_name: str
    norm: nn.LayerNorm
    layer: Layer
    padded: nn.Module | None = None

    @property
    def name(self) -> str:
        return self.layer.name

    @property
    def linear(self) -> QuantLinear:
        return self.layer.module

    @property
    def pad(self) -> torch.Tensor | None:
        """float32[channels], or None where nothing is filled up."""
        return None if self.padded is None else self.padded.get_buffer("pad")


@dataclass(frozen=True)
class Branch:
    """A residual addition: ``stream + last(... normed(stream))``.

    The stream before it is what ``normed.norm`` takes; after it, what the next branch's takes, or
    the block's own output.
    """

    name: str
    normed: NormedLinear
    last: Layer


@dataclass(frozen=True)
class Attention(Branch):
    """LayerNorm, qkv, attention, proj.

    mask     float32[windows, tokens, tokens] added to the logits (Swin's shifted windows), or None
    arrange  the stream's tokens as attention takes them (Swin's windows), or None: as they are
    """

    module: QuantAttention
    mask: torch.Tensor | None = None
    arrange: Callable[[torch.Tensor], torch.Tensor] | None = None


@dataclass(frozen=True)
class Mlp(Branch):
    """LayerNorm, fc1, activation function, fc2."""

    activation: QuantActivation


@dataclass(frozen=True)
class Block:
    """An encoder block: two residual additions, one after the other."""

    name: str
    module: nn.Module
    attention: Attention
    mlp: Mlp


@dataclass
class Structure:
    """A network's quantized parts, in the order in which data passes them.

    network     the model itself, quantized; what a forward pass calls
    normed      LayerNorm and linear layer pairs, of all roles that are ``normed``
    embeddings  position embedding and class tokens, as far as there are any
    image_size  (height, width)
    pooling     attention that makes one token of all, which nothing is added to, and its MLP
    head_norm   the LayerNorm in front of the classifiers, where nothing but pooling lies between
    class_tokens  how many tokens, the first ones, the classifiers read; 0 where they read all
    calibration_pass  what calibrates activations in place of a forward pass, given the images
    """

    network: nn.Module
    image_size: tuple[int, int]
    layers: list[Layer] = field(default_factory=list)
    normed: list[NormedLinear] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    pooling: Block | None = None
    embeddings: list[nn.Parameter] = field(default_factory=list)
    head_norm: nn.LayerNorm | None = None
    class_tokens: int = 0
    calibration_pass: Callable[[torch.Tensor], object] | None = None

    @property
    def attentions(self) -> list[Attention]:
        return [block.attention for block in self._blocks]

    @property
    def additions(self) -> Iterator[Branch]:
        """Every residual addition."""
        for block in self.blocks:
            yield block.attention
            yield block.mlp
        if self.pooling:
            yield self.pooling.mlp

    @property
    def _blocks(self) -> list[Block]:
        return [*self.blocks, self.pooling] if self.pooling else self.blocks

    @property
    def patch_embedding(self) -> QuantPatchEmbedding:
        embedding = self.of_role(Role.PATCH_EMBEDDING)[0].module
        if not isinstance(embedding, QuantPatchEmbedding):
            raise TypeError(f"The patch embedding is a {type(embedding).__name__}")
        return embedding

    @property
    def input_size(self) -> tuple[int, int, int]:
        """(channels, height, width) of an image."""
        return (self.patch_embedding.channels, *self.image_size)

    @property
    def heads(self) -> list[Layer]:
        """Classifiers, whose logits are averaged; none where the model has no classes."""
        return self.of_role(Role.HEAD)

    def of_role(self, role: Role) -> list[Layer]:
        return [layer for layer in self.layers if layer.role is role]

    def quantities(self) -> dict[str, Quantizer]:
        """The quantizer of every quantity that has a width of its own, by name. Others are fixed:
        the image has 8 bits, what the float vector unit takes 16."""
        chosen: dict[str, Quantizer] = {}
        for layer in self.layers:
            place, module = layer.place, layer.module
            chosen[place.weight] = module.weight_quantizer
            if layer.role is not Role.PATCH_EMBEDDING:
                chosen[place.input] = module.input_quantizer
            if place.outputs:
                chosen |= zip(place.outputs, module.outputs, strict=True)
        for attention in self.attentions:
            place = attention.normed.layer.place
            chosen[place.softmax] = attention.module.softmax_quantizer
        return chosen

    def calibrate_activations(self, images: torch.Tensor) -> None:
        """One forward pass in which every activation's quantizer is calibrated where it stands.

        So each is calibrated on inputs that all quantizers upstream have damaged.
        """
        modules: list[QuantLinear | QuantAttention] = [layer.module for layer in self.layers]
        modules += [attention.module for attention in self.attentions]
        for module in modules:
            module.calibrating = True
        try:
            (self.calibration_pass or self.network)(images)
        finally:
            for module in modules:
                module.calibrating = False

    def freeze(self, *, integer: bool) -> None:
        """Weights to codes, and with ``integer`` the integer path where there is one.

        With it, all between the matmuls is in double precision: LayerNorm and Softmax, where a
        rounding error could make another code, and the residual stream.
        """
        for layer in self.layers:
            try:
                layer.module.freeze(integer=integer and layer.role is not Role.DETECTION)
            except (ValueError, OverflowError) as error:
                raise ValueError(f"Layer {layer.name}: {error}") from error
        if integer:
            for module in self.network.modules():
                if isinstance(module, (QuantAttention, QuantActivation)):
                    module.freeze()
                elif isinstance(module, nn.LayerNorm):
                    module.double()
