"""torchvision's parts of detectors, also beside a torchvision whose operators cannot be loaded.

None of those operators is called by what is taken from here.
"""

import importlib
from typing import Any

from vit2rtl.models import torchvision_operators

__all__ = ["detection", "ops"]

torchvision_operators.declare()
detection: Any = importlib.import_module("torchvision.models.detection")
ops: Any = importlib.import_module("torchvision.ops")
