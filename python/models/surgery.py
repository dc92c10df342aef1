"""The replacement of a timm model's layers by quantized ones, whatever its family.

Modules are matched by type and role, never by name. A module that is not understood is an error
that names it: a layer left in float silently would make every number a lie.
"""

from collections.abc import Callable
from typing import NoReturn

import torch
from torch import nn

from vit2rtl.models.activations import function_of
from vit2rtl.models.family import Family, family_of
from vit2rtl.models.library import timm
from vit2rtl.quantization.activation import QuantActivation
from vit2rtl.quantization.attention import QuantAttention
from vit2rtl.quantization.convolution import QuantConv2d
from vit2rtl.quantization.embeddings import round_embeddings
from vit2rtl.quantization.layers import QuantLinear, QuantPatchEmbedding
from vit2rtl.quantization.method import Method
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.structure import (
    Attention,
    Block,
    Layer,
    Mlp,
    NormedLinear,
    Place,
    Role,
    Structure,
)
from vit2rtl.quantization.widths import check_names

LayerScale = timm.models.vision_transformer.LayerScale
# Modules that compute in float, in this tool and in the vector unit of the accelerator.
FLOAT = (nn.LayerNorm, nn.Identity, nn.Dropout, nn.Softmax,
         timm.layers.DropPath, timm.layers.SelectAdaptivePool2d)


def quantize_modules(model: nn.Module, recipe: Recipe) -> Structure:
    """Replace every matmul of a timm ViT, DeiT or Swin by a quantized one, in place.

    returns  the structure of what is there now
    raises   ValueError naming the first module that is not supported
    """
    structure = operate(model, recipe)
    if recipe.integer and structure.embeddings:
        round_embeddings(structure.embeddings)
    return structure


def operate(model: nn.Module, recipe: Recipe) -> Structure:
    """What :func:`quantize_modules` does whatever the weights are, on the meta device, too.

    raises   ValueError where a rule of the recipe's bits matches nothing that the model has
    """
    family = family_of(model)
    family.check(model)
    surgeon = Surgeon(model, family, recipe.setting)
    surgeon.visit(model, "")
    surgeon.head_norm()
    check_names(recipe.setting.bits_of, surgeon.structure.quantities())
    return surgeon.structure


def refuse(name: str, module: object, why: str = "is not supported") -> NoReturn:
    raise ValueError(f"Module {name!r} ({type(module).__name__}) {why}")


class Surgeon:
    """Walks a model, replaces its layers, and fills ``structure`` with what it has put there."""

    def __init__(self, model: nn.Module, family: Family, method: Method) -> None:
        self._family, self._method = family, method
        self._heads = family.heads(model)
        self.structure = Structure(
            model, family.image_size(model), embeddings=family.embeddings(model),
            head_norm=family.head_norm(model), class_tokens=family.class_tokens(model))

    def visit(self, parent: nn.Module, prefix: str) -> None:
        """Everything below a module."""
        for child_name, module in parent.named_children():
            name, family = f"{prefix}{child_name}", self._family
            if isinstance(module, FLOAT + family.floats):
                continue
            if type(module) is timm.layers.PatchEmbed:
                module.proj = self._patch_embedding(module.proj, f"{name}.proj")
                _require_float(module.norm, f"{name}.norm")
            elif type(module) in family.replacements:
                family.replacements[type(module)](self, module, name)
            elif type(module) is nn.Linear and any(module is head for head in self._heads):
                setattr(parent, child_name, self.linear(module, Place(name, Role.HEAD)).module)
            elif type(module) in family.containers:
                self.visit(module, f"{name}.")
            else:
                refuse(name, module)

    def check_block(self, block: nn.Module, name: str, attention: type[nn.Module]) -> None:
        """Raise unless a pre-norm block has what is understood, and attention of that type."""
        for gate in ("ls1", "ls2"):
            if not isinstance(getattr(block, gate, nn.Identity()), (nn.Identity, LayerScale)):
                refuse(f"{name}.{gate}", getattr(block, gate))
        self.check_mlp(block.mlp, f"{name}.mlp")
        for norm in ("norm1", "norm2"):
            require_norm(getattr(block, norm), f"{name}.{norm}")
        if type(block.attn) is not attention:
            refuse(f"{name}.attn", block.attn)
        require_none(block.attn, f"{name}.attn", "q_norm", "k_norm", "norm", "gate")

    def check_mlp(self, mlp: nn.Module, name: str) -> None:
        """Raise unless it is two linear layers and an activation function."""
        if type(mlp) is not timm.layers.Mlp or not isinstance(mlp.fc1, nn.Linear):
            refuse(name, mlp)
        require_none(mlp, name, "norm")
        if function_of(mlp.act) is None:
            refuse(f"{name}.act", mlp.act)

    def block(
        self, block: nn.Module, name: str, *, bias: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
        arrange: Callable[[torch.Tensor], torch.Tensor] | None = None,
        padded: bool = False,
    ) -> None:
        """Replace the layers of a block that :meth:`check_block` let pass.

        bias, mask   what attention adds to its logits (Swin)
        arrange      the stream's tokens as attention takes them (Swin)
        padded       the block has a buffer ``pad``, beside the first norm's output where windows
                     are not full
        """
        attention = block.attn
        for gate, last in (("ls1", attention.proj), ("ls2", block.mlp.fc2)):
            if isinstance(getattr(block, gate, None), LayerScale):
                _fold(getattr(block, gate), last)
                setattr(block, gate, nn.Identity())
        number = len(self.structure.blocks)
        part = f"{name}.attn"
        qkv, proj, block.attn = self.attention(attention, attention.qkv, part, number, bias=bias)
        normed = self.pair(f"{name}.norm1", block.norm1, qkv, block if padded else None)
        self.structure.blocks.append(Block(
            name, block, Attention(part, normed, proj, block.attn, mask, arrange),
            self.mlp(block.mlp, f"{name}.mlp", number, f"{name}.norm2", block.norm2)))

    def attention(
        self, attention: nn.Module, qkv: nn.Linear, name: str, number: int, *,
        bias: torch.Tensor | None = None, queries: int | None = None,
    ) -> tuple[Layer, Layer, QuantAttention]:
        """qkv and proj, on record, and the attention that has them."""
        place = Place(f"{name}.{Role.QKV}", Role.QKV, number)
        first = self.linear(qkv, place)
        first.module.emits_codes = True
        last = self.linear(attention.proj, Place(f"{name}.{Role.PROJ}", Role.PROJ, number))
        return first, last, QuantAttention(
            attention, first.module, last.module, self._method.softmax_quantizer(place), bias,
            queries)

    def mlp(
        self, mlp: nn.Module, name: str, number: int, norm_name: str, norm: nn.LayerNorm
    ) -> Mlp:
        """Replace the layers of an MLP that :meth:`check_mlp` let pass, behind a LayerNorm."""
        function = function_of(mlp.act)
        if function is None:
            refuse(f"{name}.act", mlp.act)
        fc1, fc2 = (self.linear(getattr(mlp, role), Place(f"{name}.{role}", role, number))
                    for role in (Role.FC1, Role.FC2))
        mlp.fc1, mlp.fc2 = fc1.module, fc2.module
        mlp.act = QuantActivation(mlp.act, function, mlp.fc1, mlp.fc2)
        return Mlp(name, self.pair(norm_name, norm, fc1), fc2, mlp.act)

    def pair(
        self, norm_name: str, norm: nn.LayerNorm, layer: Layer, padded: nn.Module | None = None
    ) -> NormedLinear:
        """A LayerNorm and the layer it feeds, on record, as the method has the first one."""
        pair = NormedLinear(norm_name, self._norm(norm_name, norm, layer), layer, padded)
        self.structure.normed.append(pair)
        return pair

    def head_norm(self) -> None:
        """The one in front of the classifiers, as the method has it."""
        structure = self.structure
        norm = structure.head_norm
        if norm is not None:
            name = next(name for name, module in structure.network.named_modules()
                        if module is norm)
            structure.head_norm = self._norm(name, norm, next(iter(structure.heads), None))

    def _norm(self, name: str, norm: nn.LayerNorm, layer: Layer | None) -> nn.LayerNorm:
        new = self._method.layer_norm(norm, layer.module if layer else None)
        if new is not norm:
            parent, _, child = name.rpartition(".")
            setattr(self.structure.network.get_submodule(parent), child, new)
        return new

    def linear(self, linear: nn.Linear, place: Place) -> Layer:
        """A quantized layer in place of a float one, on record."""
        return self._on_record(
            place, QuantLinear.of(linear, self._method.quantizers(place)))

    def convolution(self, convolution: nn.Conv2d, place: Place) -> Layer:
        """A quantized convolution in place of a float one, on record."""
        return self._on_record(
            place, QuantConv2d.of(convolution, self._method.quantizers(place)))

    def _on_record(self, place: Place, module: QuantLinear) -> Layer:
        layer = Layer(place, module)
        self.structure.layers.append(layer)
        return layer

    def _patch_embedding(self, convolution: nn.Module, name: str) -> QuantPatchEmbedding:
        if type(convolution) is not nn.Conv2d or (
            convolution.stride != convolution.kernel_size
            or convolution.groups != 1
            or any(convolution.padding)
        ):
            refuse(name, convolution, "must be a convolution whose stride is its kernel size")
        place = Place(name, Role.PATCH_EMBEDDING)
        module = QuantPatchEmbedding.of(convolution, self._method.quantizers(place))
        self.structure.layers.append(Layer(place, module))
        return module


def _fold(scale: nn.Module, last: nn.Linear) -> None:
    """A LayerScale into the layer in front of it, each weight rounded once, to float32."""
    gamma = scale.gamma.detach().double()
    last.weight.data = (last.weight.data.double() * gamma[:, None]).float()
    if last.bias is not None:
        last.bias.data = (last.bias.data.double() * gamma).float()


def require_norm(module: nn.Module, name: str) -> None:
    """Raise unless it is a LayerNorm whose factors can be changed."""
    if not isinstance(module, nn.LayerNorm) or module.weight is None or module.bias is None:
        refuse(name, module, "must be a LayerNorm with weight and bias")


def require_none(parent: nn.Module, name: str, *children: str) -> None:
    """Raise where a module has one of these, and it does something."""
    for child in children:
        module = getattr(parent, child, None)
        if module is not None and not isinstance(module, nn.Identity):
            refuse(f"{name}.{child}", module)


def _require_float(module: nn.Module, name: str) -> None:
    if not isinstance(module, FLOAT):
        refuse(name, module)
