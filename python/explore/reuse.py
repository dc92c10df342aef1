"""Evaluations of one model with many settings, each of which begins where it differs.

What leaves each part of the network is kept of an anchor, a setting without rules: while it
calibrates, and on the images. With rules, all that lies in front of the first quantity with another
width is played back from that, and only what follows is calibrated, frozen and computed. The logits
are those of an evaluation from the beginning, bit for bit.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from vit2rtl.evaluation import image_sqnr
from vit2rtl.explore.mixed.groups import Group, groups_of
from vit2rtl.explore.mixed.settings import Setting
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantization.structure import Layer, Place, Structure
from vit2rtl.quantized_vit import QuantizedViT

# Methods that calibrate in one pass through the network, in its order.
METHODS = ("repq", "closed-form")


@dataclass(frozen=True)
class Site:
    """A part of the network that can be played back.

    name        of the module
    layers      names of its layers, but for those of sites before it
    quantities  of these layers, by name
    """

    name: str
    layers: frozenset[str]
    quantities: frozenset[str]


@dataclass(frozen=True)
class Anchor:
    """A recipe without rules, and what each site gave, in the order of the calls.

    bits   of each quantity
    """

    recipe: Recipe
    bits: Mapping[str, int]
    calibration: dict[str, list[torch.Tensor]] = field(default_factory=dict)
    images: dict[str, list[torch.Tensor]] = field(default_factory=dict)


class Reuse:
    """A bench, see :class:`vit2rtl.explore.mixed.settings.Bench`: a model, a method and images.

    Parameters
    ----------
    model        float network; it stays as it is
    calibration  float32[n, channels, height, width], preprocessed
    images       float32[n, channels, height, width], to measure on
    options      of the recipes beside widths: ``{"method": "repq"}``
    """

    def __init__(
        self, model: nn.Module, calibration: torch.Tensor, images: torch.Tensor,
        options: Mapping[str, Any],
    ) -> None:
        self.model, self.calibration, self.images = model.eval(), calibration, images
        self.options = dict(options)
        self._anchor: Anchor | None = None

    @cached_property
    def groups(self) -> list[Group]:
        return groups_of(self._quantized(self.recipe(Setting(8, 8))).structure)

    @cached_property
    def reference(self) -> torch.Tensor:
        """float32[n, classes]: what the float model gives of the images."""
        with torch.inference_mode():
            return torch.cat([self.model(part).float() for part in self.images.split(32)])

    def recipe(self, setting: Setting) -> Recipe:
        return Recipe(setting.weights, setting.activations, bits_of=setting.bits_of,
                      **self.options)

    def measure(self, settings: Sequence[Setting]) -> list[list[float]]:
        bar = tqdm(settings, desc="settings", leave=False, disable=None)
        return [image_sqnr(self.reference, self.logits(self.recipe(setting))).tolist()
                for setting in bar]

    def logits(self, recipe: Recipe) -> torch.Tensor:
        """float32[n, classes] of the images.

        The anchor is the last recipe without rules; one that differs in nothing but rules comes
        first where it is another.
        """
        quantized = self._quantized(recipe)
        if recipe.method not in METHODS or quantized.structure.calibration_pass:
            return quantized.calibrate(self.calibration)(self.images)
        if not recipe.bits_of:
            return self._recorded(quantized)
        plain = Recipe(**recipe.as_dict() | {"bits_of": ()})
        if self._anchor is None or self._anchor.recipe != plain:
            self._recorded(self._quantized(plain))
        assert self._anchor is not None
        return self._continued(quantized, self._anchor)

    def _quantized(self, recipe: Recipe) -> QuantizedViT:
        return QuantizedViT(copy.deepcopy(self.model), recipe)

    def _recorded(self, quantized: QuantizedViT) -> torch.Tensor:
        """Logits of what becomes the anchor."""
        self._anchor = None
        anchor = Anchor(quantized.recipe, _bits(quantized.structure))
        recorder = _Recorder(quantized, sites(quantized.structure))
        try:
            recorder.into = anchor.calibration
            quantized.calibrate(self.calibration)
            recorder.into = anchor.images
            logits = quantized(self.images)
        finally:
            recorder.remove()
        self._anchor = anchor
        return logits

    @torch.inference_mode()
    def _continued(self, quantized: QuantizedViT, anchor: Anchor) -> torch.Tensor:
        structure, setting = quantized.structure, quantized.recipe.setting
        order, players = sites(structure), dict[str, _Player]()
        before = order[:_first(order, _bits(structure), anchor.bits)]
        for site in before:
            players[site.name] = _Player()
            structure.network.set_submodule(site.name, players[site.name])
        played = frozenset[str]().union(*(site.layers for site in before))
        rest = replace(
            structure, layers=[layer for layer in structure.layers if layer.name not in played],
            normed=[pair for pair in structure.normed if pair.name not in played])
        _play(players, anchor.calibration)
        setting.calibrate(rest, self.calibration, observe=lambda: None)
        rest.freeze(integer=quantized.recipe.integer)
        _play(players, anchor.images)
        return quantized(self.images)


def sites(structure: Structure) -> list[Site]:
    """Layers outside of blocks, of each block its attention and then the whole block, in order."""
    blocks = [*structure.blocks, *([structure.pooling] if structure.pooling else [])]
    found: dict[str, list[Layer]] = {}
    for layer in structure.layers:
        name = layer.name
        if layer.place.block is not None:
            block = blocks[layer.place.block]
            inner = (block.attention.normed.name, block.attention.last.name)
            name = block.attention.name if name in inner else block.name
        found.setdefault(name, []).append(layer)
    return [Site(name, frozenset(layer.name for layer in layers),
                 frozenset(quantity for layer in layers for quantity in _quantities(layer.place)))
            for name, layers in found.items()]


def _quantities(place: Place) -> tuple[str, ...]:
    softmax = (place.softmax,) if place.outputs else ()
    return place.weight, place.input, *place.outputs, *softmax


def _bits(structure: Structure) -> dict[str, int]:
    return {name: quantizer.bits for name, quantizer in structure.quantities().items()}


def _first(order: Sequence[Site], bits: Mapping[str, int], others: Mapping[str, int]) -> int:
    """The first site with another width; the last one where all are equal."""
    different = {name for name in bits if bits[name] != others[name]}
    return next((n for n, site in enumerate(order) if site.quantities & different),
                len(order) - 1)


class _Recorder:
    """Keeps what sites give, in ``into``."""

    def __init__(self, quantized: QuantizedViT, order: Sequence[Site]) -> None:
        self.into: dict[str, list[torch.Tensor]] = {}
        self._hooks = [
            quantized.network.get_submodule(site.name).register_forward_hook(self._hook(site.name))
            for site in order]

    def _hook(self, name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: object, output: torch.Tensor) -> None:
            self.into.setdefault(name, []).append(output)

        return hook

    def remove(self) -> None:
        for hook in self._hooks:
            hook.remove()


class _Player(nn.Module):
    """Stands in place of a site, and gives what it gave."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs: list[torch.Tensor] = []

    def forward(self, *inputs: object, **named: object) -> torch.Tensor:
        return self.outputs.pop(0)


def _play(players: Mapping[str, _Player], recorded: Mapping[str, list[torch.Tensor]]) -> None:
    for name, player in players.items():
        player.outputs = [*recorded[name]]
