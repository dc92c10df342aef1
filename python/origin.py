"""Where a quantized model comes from: what a checkpoint records beside its codes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vit2rtl.golden.files.paths import resolved

if TYPE_CHECKING:
    from torch import nn

EMBEDDED = "mnist_vit"


@dataclass(frozen=True)
class Origin:
    """The float model that was quantized, and the images that it was calibrated on.

    model          {"name", "arguments", "weights"}: what
                   :func:`vit2rtl.checkpoint.float_model` needs to make it again
    preprocessing  see :func:`vit2rtl.models.images.preprocessing`
    calibration    {"images": names, "seed": of their draw}, for the record
    """

    model: dict[str, Any]
    preprocessing: dict[str, Any]
    calibration: dict[str, Any] = field(default_factory=lambda: {"images": []})

    @classmethod
    def of_description(cls, description: dict[str, Any]) -> Self:
        """What the JSON of a checkpoint says, see :func:`vit2rtl.checkpoint_schema.describe`."""
        return cls(description["model"], description["preprocessing"], description["calibration"])

    @property
    def name(self) -> str:
        """The model's name in timm, or ``mnist_vit``."""
        return self.model["name"]


def named(
    name: str, network: "nn.Module", arguments: dict[str, Any], weights: str | Path | None
) -> dict[str, Any]:
    """``Origin.model`` of a float model that :func:`vit2rtl.models.zoo.create` made."""
    if weights is not None:
        from vit2rtl.models.weights import digest

        path = resolved(weights)
        source = {"source": "file", "file": str(path), "sha256": digest(path)}
    else:
        source = {"source": "embedded" if name == EMBEDDED else "pretrained"}
    return _model(name, network, arguments, source)


def of_module(network: "nn.Module", arguments: dict[str, Any]) -> dict[str, Any]:
    """``Origin.model`` of a module of the caller's own, named as timm calls its architecture."""
    config = getattr(network, "pretrained_cfg", None)
    name = config.get("architecture") if isinstance(config, dict) else None
    return _model(name or type(network).__name__, network, arguments, {"source": "module"})


def _model(
    name: str, network: "nn.Module", arguments: dict[str, Any], source: dict[str, str]
) -> dict[str, Any]:
    if name != EMBEDDED:
        arguments = {"num_classes": network.num_classes, **arguments}
    return {"name": name, "arguments": arguments, "weights": source}
