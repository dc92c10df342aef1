"""vit2rtl: Vision Transformers, quantized by RepQ-ViT, as integers, vectors and Verilog."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vit2rtl.api import (
    embedded_images,
    evaluate,
    load,
    lower,
    quantize,
    record_vectors,
    run,
    save,
    simulate,
    verilog,
)

if TYPE_CHECKING:
    from vit2rtl.evaluation import Scores
    from vit2rtl.golden.program.program import IntegerProgram
    from vit2rtl.models.images import Images
    from vit2rtl.quantization.recipe import Recipe
    from vit2rtl.quantized_vit import QuantizedViT

__version__ = "0.1.0"

__all__ = [
    "Images",
    "IntegerProgram",
    "QuantizedViT",
    "Recipe",
    "Scores",
    "embedded_images",
    "evaluate",
    "load",
    "lower",
    "quantize",
    "record_vectors",
    "run",
    "save",
    "simulate",
    "verilog",
]

# Classes come with their frameworks, and only when they are asked for.
_CLASSES = {
    "Images": "models.images",
    "IntegerProgram": "golden.program.program",
    "QuantizedViT": "quantized_vit",
    "Recipe": "quantization.recipe",
    "Scores": "evaluation",
}


def __getattr__(name: str) -> Any:
    if name not in _CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_CLASSES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
