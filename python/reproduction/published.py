"""Tables 1, 3, 4 and 5 of RepQ-ViT (Li et al., ICCV 2023): layout, settings, published figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Model:
    """title: the paper's; name: timm's, with the tag of the paper's weights."""

    title: str
    name: str


# The embedded model stands for nothing in the paper: it shows how it goes, without ImageNet.
EMBEDDED = "mnist_vit"
MODELS = {
    "vit_small": Model("ViT-S", "vit_small_patch16_224.augreg_in21k_ft_in1k"),
    "vit_base": Model("ViT-B", "vit_base_patch16_224.augreg_in21k_ft_in1k"),
    "deit_tiny": Model("DeiT-T", "deit_tiny_patch16_224.fb_in1k"),
    "deit_small": Model("DeiT-S", "deit_small_patch16_224.fb_in1k"),
    "deit_base": Model("DeiT-B", "deit_base_patch16_224.fb_in1k"),
    "swin_small": Model("Swin-S", "swin_small_patch4_window7_224.ms_in1k"),
    "swin_base": Model("Swin-B", "swin_base_patch4_window7_224.ms_in22k_ft_in1k"),
    EMBEDDED: Model("digits", EMBEDDED),
}
_COLUMNS = [key for key in MODELS if key != EMBEDDED]


@dataclass(frozen=True)
class Line:
    """A row of a table.

    bits      as ``--bits`` takes them; empty for the float network
    settings  arguments of a :class:`~vit2rtl.quantization.recipe.Recipe` beside the bits; None
              where there is nothing to run
    missing   why a line may have no figure of ours
    beside_published   only where there is a published figure: alone it would say nothing
    top1      percent on ImageNet, as published, by model
    minutes   of calibration on one GPU, as published, and ``images`` that it took
    """

    title: str
    bits: str = ""
    settings: Mapping[str, Any] | None = None
    top1: Mapping[str, float] = field(default_factory=dict)
    minutes: Mapping[str, float] = field(default_factory=dict)
    images: int | None = None
    missing: str = ""
    beside_published: bool = False

    def runs(self, model: str) -> bool:
        """Whether there is something to measure for a model."""
        if not self.bits:
            return True
        return self.settings is not None and (model in self.top1 or not self.beside_published)

    @property
    def method(self) -> str:
        """For ``--methods``; empty for the float network and what cannot be run."""
        return str((self.settings or {}).get("method", ""))


@dataclass(frozen=True)
class Table:
    """models: those of the paper's columns."""

    title: str
    models: tuple[str, ...]
    lines: tuple[Line, ...]


def _columns(*values: float | None) -> dict[str, float]:
    return {key: value for key, value in zip(_COLUMNS, values, strict=True) if value is not None}


_FLOAT = Line("Full precision", top1=_columns(81.39, 84.54, 72.21, 79.85, 81.80, 83.23, 85.27))
_REPQ: dict[str, Any] = {"method": "repq", "profile": "official"}
_PTQ: dict[str, Any] = {"method": "ptq4vit", "profile": "official"}
_FQ: dict[str, Any] = {"method": "fq", "profile": "official"}
_NO_CODE = "no public code"
_PSAQ: dict[str, Any] = {"method": "psaq"}
_APQ: dict[str, Any] = {"method": "apq"}
_APQ_TITLE = "APQ-ViT (re-implementation)"
_NO_IMAGES = "its images need --psaq-iterations"

TABLES = {
    "table1": Table("Table 1: image classification", tuple(_COLUMNS), (
        _FLOAT,
        Line("FQ-ViT", "w4a4", _FQ, _columns(*[0.10] * 7)),
        Line("PTQ4ViT", "w4a4", _PTQ,
             _columns(42.57, 30.69, 36.96, 34.08, 64.39, 76.09, 74.02)),
        Line(_APQ_TITLE, "w4a4", _APQ,
             _columns(47.95, 41.41, 47.94, 43.55, 67.48, 77.15, 76.48)),
        Line("RepQ-ViT", "w4a4", _REPQ,
             _columns(65.05, 68.48, 57.43, 69.03, 75.61, 79.45, 78.32)),
        Line("FQ-ViT", "w6a6", _FQ, _columns(4.26, 0.10, 58.66, 45.51, 64.63, 66.50, 52.09)),
        Line("PSAQ-ViT", "w6a6", _PSAQ,
             _columns(37.19, 41.52, 57.58, 63.61, 67.95, 72.86, 76.44), missing=_NO_IMAGES),
        Line("Ranking (stand-in)", "w6a6", {"method": "ranking"},
             _columns(None, 75.26, None, 74.58, 77.02, None, None), missing=_NO_CODE,
             beside_published=True),
        Line("PTQ4ViT", "w6a6", _PTQ,
             _columns(78.63, 81.65, 69.68, 76.28, 80.25, 82.38, 84.01)),
        Line(_APQ_TITLE, "w6a6", _APQ,
             _columns(79.10, 82.21, 70.49, 77.76, 80.42, 82.67, 84.18)),
        Line("RepQ-ViT", "w6a6", _REPQ,
             _columns(80.43, 83.62, 70.76, 78.90, 81.27, 82.79, 84.57)),
    )),
    "table3": Table("Table 3: quantizers behind LayerNorm", ("deit_small", "swin_small"), (
        _FLOAT,
        Line("layer-wise", "w4a4", {**_REPQ, "layernorm": "layer-wise"},
             {"deit_small": 33.17, "swin_small": 57.63}),
        Line("channel-wise", "w4a4", {**_REPQ, "layernorm": "channel-wise"},
             {"deit_small": 70.28, "swin_small": 80.52}),
        Line("scale reparameterization", "w4a4", _REPQ,
             {"deit_small": 69.03, "swin_small": 79.45}),
    )),
    # Base 2 by shifts gives what log√2 gives, exactly: one cell for both.
    "table4": Table("Table 4: quantizers behind Softmax", ("deit_small", "swin_small"), (
        _FLOAT,
        Line("log2", "w4a4", {**_REPQ, "softmax": "log2"},
             {"deit_small": 67.71, "swin_small": 77.87}),
        Line("log√2", "w4a4", _REPQ, {"deit_small": 69.03, "swin_small": 79.45}),
        Line("scale reparameterization", "w4a4", _REPQ,
             {"deit_small": 69.03, "swin_small": 79.45}),
    )),
    "table5": Table("Table 5: what calibration costs", ("deit_small", "swin_small"), (
        _FLOAT,
        Line("FQ-ViT", "w4a4", _FQ, {"deit_small": 0.10, "swin_small": 0.10},
             {"deit_small": 0.5, "swin_small": 1.1}, 1000),
        Line("PTQ4ViT", "w4a4", _PTQ, {"deit_small": 34.08, "swin_small": 76.09},
             {"deit_small": 3.2, "swin_small": 7.7}, 32),
        Line("RepQ-ViT", "w4a4", _REPQ, {"deit_small": 69.03, "swin_small": 79.45},
             {"deit_small": 1.3, "swin_small": 2.9}, 32),
    )),
}
