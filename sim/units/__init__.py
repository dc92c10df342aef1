"""What simulation and proofs know of each unit: a file each, collected here."""

from vit2rtl.golden.registry import Registry
from vit2rtl.golden.units.registry import NAMES
from vit2rtl.sim.units.face import Face

FACES: Registry[Face] = Registry(
    [f"vit2rtl.sim.units.{name}" for name in NAMES],
    attribute="FACE",
    title="Unit",
    face="coverage bins, naive Verilog and plan of proofs",
)
