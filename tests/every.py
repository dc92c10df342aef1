"""Tests that take long: `make test` runs a sample of them, `make test-all` every one."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest

EVERY = bool(os.environ.get("VIT2RTL_EVERY_TEST"))
long = pytest.mark.skipif(not EVERY, reason="takes long, see make test-all")


def sampled(cases: Iterable[Any], keep: Callable[[Any], bool]) -> list[Any]:
    """Parameters of a test: those that are kept run always, the others are long."""
    return [case if keep(case)
            else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=long)
            for case in cases]
