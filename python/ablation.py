"""Settings compared on one model: both methods, and the paper's comparisons of RepQ-ViT."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from vit2rtl import evaluation
from vit2rtl.models.images import Images
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT


def _by(method: str, bits: int, **options: str) -> dict[str, Any]:
    return {"weight_bits": bits, "activation_bits": bits, "method": method, **options}


# Title and recipe of every row; Tables 3 and 4 compare the LayerNorm and Softmax quantizers.
PAPER: dict[str, dict[str, Any]] = {
    "W4/A4 RepQ-ViT": _by("repq", 4),
    "  profile official": _by("repq", 4, profile="official"),
    "  profile paper": _by("repq", 4, profile="paper"),
    "  LayerNorm layer-wise": _by("repq", 4, layernorm="layer-wise"),
    "  LayerNorm channel-wise": _by("repq", 4, layernorm="channel-wise"),
    "  Softmax uniform": _by("repq", 4, softmax="uniform"),
    "  Softmax log2": _by("repq", 4, softmax="log2"),
    "W6/A6 RepQ-ViT": _by("repq", 6),
    "W8/A8 RepQ-ViT": _by("repq", 8),
}
DEFAULT = "W4/A4 closed form"
SETTINGS: dict[str, dict[str, Any]] = {
    "W3/A3 closed form": _by("closed-form", 3),
    DEFAULT: _by("closed-form", 4),
    "W6/A6 closed form": _by("closed-form", 6),
    "W3/A3 RepQ-ViT": _by("repq", 3),
    **PAPER,
}


@dataclass(frozen=True)
class Row:
    """One setting and its scores; ``recipe`` is None for the float model."""

    title: str
    recipe: Recipe | None
    scores: evaluation.Scores

    def as_dict(self) -> dict[str, Any]:
        recipe = self.recipe and self.recipe.as_dict()
        return {"title": self.title.strip(), "recipe": recipe, **asdict(self.scores)}


def compare(
    create: Callable[[], nn.Module], calibration: torch.Tensor, images: Images, *,
    settings: Mapping[str, dict[str, Any]] = SETTINGS,
    keep: Callable[[str, QuantizedViT], None] | None = None,
) -> Iterator[Row]:
    """Rows of the float model and of every setting.

    create       () -> a fresh float model
    calibration  float32[n, channels, height, width]
    images       labelled :class:`vit2rtl.models.images.Images` to evaluate on
    keep         called with (title, QuantizedViT) of every setting
    yields       Row
    """
    reference = evaluation.logits(create(), images, title="float")
    yield Row("float32", None, evaluation.scores(reference, images.labels))
    for title, arguments in settings.items():
        recipe = Recipe(**arguments)
        quantized = QuantizedViT(create(), recipe).calibrate(calibration)
        if keep:
            keep(title, quantized)
        logits = evaluation.logits(quantized, images, title=title.strip())
        yield Row(title, recipe, evaluation.scores(logits, images.labels, reference))


def table(rows: Iterable[Row]) -> str:
    """The rows as lines of text."""
    lines = [f"{'':<26}{'top-1':>8}{'top-5':>8}{'agrees':>9}{'SQNR':>10}{'per image':>11}{'KL':>8}"]
    for row in rows:
        scores = row.scores
        line = f"{row.title:<26}{scores.top1:>6.1f} %{scores.top5:>6.1f} %"
        if scores.agreement is not None:
            line += (f"{scores.agreement:>7.1f} %{scores.sqnr:>7.2f} dB{scores.mean_sqnr:>8.2f} dB"
                     f"{scores.kl:>8.3f}")
        lines.append(line)
    return "\n".join(lines)
