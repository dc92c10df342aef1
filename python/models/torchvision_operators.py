"""Lets timm be imported beside a CPU build of torch.

torchvision's wheels on PyPI are compiled against CUDA; next to a CPU torch their library of
operators cannot be loaded, and `import torchvision` fails with "operator torchvision::nms does not
exist". Nothing here runs those operators, so declaring them is enough.
"""

import importlib

import torch

_library = None


def declare() -> None:
    """Declare ``torchvision::nms`` and ``qnms`` if torchvision cannot load its own; idempotent."""
    global _library
    if _library is not None:
        return
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        _library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in ("nms", "qnms"):
            _library.define(f"{operator}(Tensor dets, Tensor scores, float threshold) -> Tensor")
