"""Units on trial: every registry has them while these tests run, and no other test sees them."""

from contextlib import ExitStack

import pytest

from vit2rtl.golden.units import UNITS
from vit2rtl.rtl import COMPONENTS
from vit2rtl.rtl.synthesis.references.registry import REFERENCES
from vit2rtl.sim.units import FACES

TRIAL = ("row_maximum", "table_lookup")
REGISTRIES = (
    (UNITS, "golden"),
    (COMPONENTS, "rtl"),
    (REFERENCES, "references"),
    (FACES, "sim"),
)


@pytest.fixture(autouse=True)
def trial():
    """Extends the registries by the units' modules."""
    with ExitStack() as stack:
        for registry, face in REGISTRIES:
            modules = [f"tests.trial.{face}.{name}" for name in TRIAL]
            stack.enter_context(registry.extended(*modules))
        yield
