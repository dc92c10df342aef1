"""Lets scripts import timm in an environment whose torchvision was compiled for another torch.

Set-up copies this file into such an environment, where Python runs it at its start, by a ``.pth``
file. torchvision's wheels on PyPI are compiled against CUDA; next to a CPU build of torch their
library of operators cannot be loaded, and ``import torchvision`` fails with "operator
torchvision::nms does not exist". timm calls none of them: declaring two is enough.
"""

import glob
import importlib.util
import os
import sys
from typing import Any


class Declaring:
    """Declares the operators when torchvision is first imported; finds no module itself."""

    library: Any = None

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name == "torchvision":
            sys.meta_path.remove(self)
            spec = importlib.util.find_spec(name)
            if spec and spec.origin and not loads(os.path.dirname(spec.origin)):
                self.declare()

    def declare(self) -> None:
        import torch

        Declaring.library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in ("nms", "qnms"):
            schema = f"{operator}(Tensor dets, Tensor scores, float threshold) -> Tensor"
            Declaring.library.define(schema)


def loads(folder: str) -> bool:
    """Whether torchvision's own operators can be loaded: then nothing may be declared."""
    import torch

    if hasattr(torch.ops.torchvision, "nms"):
        return True
    try:
        for file in glob.glob(os.path.join(folder, "_C*.so")):
            torch.ops.load_library(file)
    except OSError:
        return False
    return hasattr(torch.ops.torchvision, "nms")


def install() -> None:
    """What the ``.pth`` file calls."""
    sys.meta_path.insert(0, Declaring())
