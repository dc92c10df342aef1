"""Each case runs in a process of its own: operators, once declared, stay declared."""

import subprocess
import sys

import pytest

TIMM = """
from vit2rtl.models import torchvision_operators
torchvision_operators.declare()
torchvision_operators.declare()
import timm, torch
model = timm.create_model("vit_tiny_patch16_224", depth=1, img_size=32, num_classes=3)
print(tuple(model(torch.zeros(1, 3, 32, 32)).shape))
"""

WHEEL_THAT_LOADS = """
import sys, types, torch
from vit2rtl.models import torchvision_operators
sys.modules["torchvision"] = types.ModuleType("torchvision")
torchvision_operators.declare()
print(hasattr(torch.ops.torchvision, "nms"))
"""

WHEEL_THAT_RAISES = """
import sys, torch
from vit2rtl.models import torchvision_operators

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "torchvision":
            raise RuntimeError({error!r})

sys.meta_path.insert(0, Finder())
try:
    torchvision_operators.declare()
    print(torch.ops.torchvision.nms.default._schema)
except RuntimeError as error:
    print(error)
"""


def run(script):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_timm_can_be_imported_and_used_however_often_we_declare():
    assert run(TIMM) == "(1, 3)\n"


def test_operators_of_a_wheel_that_loads_are_left_alone():
    assert run(WHEEL_THAT_LOADS) == "False\n"


@pytest.mark.parametrize(
    ("error", "printed"),
    [
        (
            "operator torchvision::nms does not exist",
            "torchvision::nms(Tensor dets, Tensor scores, float threshold) -> Tensor",
        ),
        ("out of memory", "out of memory"),
    ],
)
def test_only_the_missing_operator_is_worked_around(error, printed):
    assert run(WHEEL_THAT_RAISES.format(error=error)) == f"{printed}\n"
