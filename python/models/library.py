"""timm, also beside a torchvision whose operators cannot be loaded."""

import importlib

from vit2rtl.models import torchvision_operators

__all__ = ["timm"]

torchvision_operators.declare()
timm = importlib.import_module("timm")
