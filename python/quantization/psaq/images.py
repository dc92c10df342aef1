"""Images made from noise, on which a network can be calibrated without data (PSAQ-ViT).

Adam changes pixels until patches are diverse, the network sees the class that was drawn, and
neighbours are as alike as in photos.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, pi, prod, sqrt

import torch
from torch.nn import functional as F

from vit2rtl.quantization.float_pass import float_pass
from vit2rtl.quantization.psaq.similarity import PatchEntropy
from vit2rtl.quantization.structure import Role, Structure

# Images that are made together: they share a graph.
TOGETHER = 8
_RATES, _BETAS = {"global": 0.20, "windows": 0.25}, (0.5, 0.9)
# The learning rate rises over a fifth of each of two turns; images are rolled by so much of their
# shorter side at most, both ways alike.
_RISE, _ROLLS = 0.2, (15 / 224, 30 / 224)
_VARIATION_WEIGHT = 0.05
# What the total variation of 32 images of 3 x 224 x 224 numbers is drawn from.
_VARIATIONS, _OF_IMAGES, _OF_NUMBERS = (2500.0, 3000.0), 32, 3 * 224 * 224


@dataclass
class Progress:
    """Images that are being made.

    done     iterations
    image    float32[n, channels, height, width], normalized; ``first`` and ``second`` Adam's
             moments of it
    """

    done: int
    image: torch.Tensor
    first: torch.Tensor
    second: torch.Tensor


class Maker:
    """Makes a batch of images; the same seed makes the same, interrupted or not.

    structure   of a network that has been quantized, not calibrated: it computes in float
    classes     of the network; 0 where it has none, and then no class is asked for
    """

    def __init__(
        self, structure: Structure, classes: int, mean: Sequence[float], std: Sequence[float]
    ) -> None:
        self._structure, self._classes = structure, classes
        shape = (1, -1, 1, 1)
        weight = structure.of_role(Role.PATCH_EMBEDDING)[0].module.weight
        middle, unit = (torch.tensor(numbers, device=weight.device).view(shape)
                        for numbers in (mean, std))
        self._low, self._high = -middle / unit, (1 - middle) / unit
        windows = any(attention.module.relative_position_bias is not None
                      for attention in structure.attentions)
        self._rate = _RATES["windows" if windows else "global"]
        self._patches = prod(structure.input_size) // weight.shape[1]

    def start(self, count: int, seed: int) -> Progress:
        """Noise.

        seed   from 0 up
        """
        generator = _generator(seed, 0)
        image = torch.randn(count, *self._structure.input_size, generator=generator)
        image = image.to(self._low.device).clamp(self._low, self._high)
        return Progress(0, image, torch.zeros_like(image), torch.zeros_like(image))

    def steps(self, progress: Progress, iterations: int, seed: int) -> Iterator[Progress]:
        """The iterations that are left, one by one."""
        image, first, second = (
            tensor.to(self._low.device, copy=True)
            for tensor in (progress.image, progress.first, progress.second))
        image.requires_grad_()
        adam = torch.optim.Adam([image], betas=_BETAS)
        adam.state[image] = {"step": torch.tensor(float(progress.done)),
                             "exp_avg": first, "exp_avg_sq": second}
        labels, variation = self._wanted(len(image), seed)
        for done in range(progress.done, iterations):
            adam.param_groups[0]["lr"] = self._rate * _pace(done, iterations)
            late = done >= _turn(iterations)
            adam.zero_grad()
            with torch.enable_grad():
                loss = self._loss(image, labels, variation, _generator(seed, done + 1), late)
                loss.backward()
            if not torch.isfinite(loss):
                raise ValueError("The network gives values that are not finite (NaN or infinity)")
            adam.step()
            with torch.no_grad():
                image.clamp_(self._low, self._high)
            state = adam.state[image]
            yield Progress(done + 1, image.detach().clone(), state["exp_avg"].clone(),
                           state["exp_avg_sq"].clone())

    def _wanted(self, count: int, seed: int) -> tuple[torch.Tensor, float]:
        """A class for each image, and the total variation of all."""
        generator = _generator(seed, -1)
        labels = torch.randint(max(self._classes, 1), (count,), generator=generator)
        low, high = _VARIATIONS
        drawn = low + (high - low) * float(torch.rand((), generator=generator))
        share = count * prod(self._structure.input_size) / (_OF_IMAGES * _OF_NUMBERS)
        return labels.to(self._low.device), drawn * sqrt(share)

    def _loss(
        self, image: torch.Tensor, labels: torch.Tensor, variation: float,
        generator: torch.Generator, late: bool,
    ) -> torch.Tensor:
        most = round(_ROLLS[late] * min(image.shape[2:]))
        roll = int(torch.randint(-most, most + 1, (), generator=generator))
        x = image.roll((roll, roll), (2, 3))
        if torch.rand((), generator=generator) < 0.5:
            x = x.flip(3)
        watcher = PatchEntropy(len(x), self._patches)
        outputs = float_pass(self._structure, x, watcher)
        loss = _VARIATION_WEIGHT * (_total_variation(x) - variation).abs() - watcher.total
        return loss + F.cross_entropy(outputs, labels) if self._classes else loss


def _turn(iterations: int) -> int:
    """Steps of the first of two turns."""
    return (iterations + 1) // 2


def _pace(done: int, iterations: int) -> float:
    """Of the learning rate: two turns that rise and fall as a cosine."""
    turn = _turn(iterations)
    place, rise = done % turn, max(int(_RISE * turn), 1)
    if place < rise:
        return (place + 1) / rise
    return 0.5 * (1 + cos(pi * (place - rise) / (turn - rise)))


def _total_variation(x: torch.Tensor) -> torch.Tensor:
    """Norms of the differences of neighbours, in four directions."""
    differences = (x[..., 1:] - x[..., :-1], x[..., 1:, :] - x[..., :-1, :],
                   x[..., 1:, 1:] - x[..., :-1, :-1], x[..., 1:, :-1] - x[..., :-1, 1:])
    return torch.stack([difference.norm() for difference in differences]).sum()


def _generator(seed: int, iteration: int) -> torch.Generator:
    """Of an iteration alone: who goes on needs no state."""
    return torch.Generator().manual_seed((seed * 1_000_003 + iteration + 1) % (1 << 63))
