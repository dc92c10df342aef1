"""Units on trial beside those of the registry: rows, and a table that software writes."""

from contextlib import ExitStack

import pytest

from tests.trial.conftest import REGISTRIES, TRIAL


@pytest.fixture(autouse=True)
def trial():
    with ExitStack() as stack:
        for registry, face in REGISTRIES:
            modules = [f"tests.trial.{face}.{name}" for name in TRIAL]
            stack.enter_context(registry.extended(*modules))
        yield
