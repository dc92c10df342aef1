"""Processors that multiply bytes and those that do not, on any machine."""

import pytest

from vit2rtl.quantization import exact_matmul


@pytest.fixture(params=[True, False], ids=["bytes", "floats"])
def in_bytes(request, monkeypatch):
    """With and without a processor that multiplies bytes; torch has the operation on all."""
    monkeypatch.setattr(exact_matmul, "multiplies_bytes", lambda: request.param)
    monkeypatch.setattr(exact_matmul, "_WORTH_A_CALL", 1)
    return request.param
