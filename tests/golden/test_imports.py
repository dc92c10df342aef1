"""Someone who has only numpy can use the specification."""

import subprocess
import sys

_PROGRAM = """
import sys
import vit2rtl.golden
heavy = {"torch", "timm", "amaranth", "cocotb", "PIL", "matplotlib", "safetensors", "click"}
print(sorted(heavy & set(sys.modules)), "numpy" in sys.modules)
print(vit2rtl.golden.__all__)
"""


def test_golden_pulls_in_numpy_only():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "[] True",
        "['UNITS', 'BundleWriter', 'Instance', 'directed_records', 'read_bundle']",
    ]
