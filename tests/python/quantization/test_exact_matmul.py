"""Every product equals that of Python's integers, in bytes and in floats."""

import pytest
import torch

from vit2rtl.quantization import exact_matmul
from vit2rtl.quantization.exact_matmul import Products, Weights

BYTES = (-128, 127)


@pytest.fixture(params=[True, False], ids=["bytes", "floats"])
def in_bytes(request, monkeypatch):
    """With and without a processor that multiplies bytes; torch has the operation on all."""
    monkeypatch.setattr(exact_matmul, "multiplies_bytes", lambda: request.param)
    monkeypatch.setattr(exact_matmul, "_WORTH_A_CALL", 1)
    return request.param


def product(left, right):
    """Rows of the left times rows of the right, in Python's integers."""
    return [[sum(int(a) * int(b) for a, b in zip(x, w, strict=True)) for w in right]
            for x in left]


def integers(low, high, *shape):
    """Random ones, the ends among them."""
    x = torch.randint(low, high + 1, shape, generator=torch.Generator().manual_seed(low & 255))
    x.view(-1)[0], x.view(-1)[-1] = low, high
    return x


@pytest.mark.parametrize(("low", "high"), [(0, 3), (-8, 7), BYTES, (-255, 0), (0, 255), (-1, 254),
                                           (-300, -45), (-40_000, 25_535)])
@pytest.mark.parametrize("weights", [(-7, 8), BYTES, (-255, 0), (0, 255), (-127, 128)])
def test_a_layer_sums_exactly(low, high, weights, in_bytes):
    x, w = integers(low, high, 2, 3, 40), integers(*weights, 5, 40)
    bound = 40 * max(-low, high) * max(-weights[0], weights[1])
    matmul = Weights(w.double(), low, high, bound)
    assert (matmul.type is torch.int8) == (in_bytes and high - low <= 255)
    for dtype in (torch.float32, torch.float64):
        sums = matmul.accumulate(x.to(dtype))
        assert sums.dtype == torch.float64 and sums.shape == (2, 3, 5)
        assert (sums + matmul.missing).view(6, 5).tolist() == product(x.view(6, 40), w)


def test_a_layer_sums_the_extremes_of_thousands_of_channels(in_bytes):
    x, w = torch.full((1, 3072), -255), torch.full((2, 3072), 255)
    w[1] = -255
    matmul = Weights(w.double(), -255, 0, 3072 * 255 * 255)
    assert (matmul.accumulate(x.double()) + matmul.missing).tolist() == [
        [-3072 * 255 * 255, 3072 * 255 * 255]]


@pytest.mark.parametrize(("left", "right"), [((-7, 8), (-15, 0)), (BYTES, BYTES),
                                             ((-128, 0), (-127, 127)), ((-255, 0), (0, 255))])
def test_batches_of_matrices_multiply_exactly(left, right, in_bytes):
    a, b = integers(*left, 2, 3, 5, 40), integers(*right, 2, 3, 7, 40)
    products = Products(left, right, 40 * 255 * 255)
    fits = left[0] >= -128 and right[1] <= 127
    assert products.bytes == products.in_bytes(a.shape, b.shape) == (in_bytes and fits)
    got = products(a.double().mT.contiguous().mT, b.double())
    for n in range(2):
        for m in range(3):
            assert got[n, m].tolist() == product(a[n, m], b[n, m])


def test_small_matrices_are_multiplied_together(monkeypatch):
    monkeypatch.setattr(exact_matmul, "multiplies_bytes", lambda: True)
    products = Products((-8, 7), (-8, 7), 1 << 20)
    shape = torch.Size([64, 3, 49, 32])
    assert products.bytes and not products.in_bytes(shape, shape)
    assert products(torch.ones(shape), torch.ones(shape)).dtype == torch.float32


@pytest.mark.parametrize("name", ["_is_vnni_supported", "_int_mm"])
def test_without_the_instruction_or_the_operation_nothing_is_in_bytes(name, monkeypatch):
    exact_matmul.multiplies_bytes.cache_clear()
    module = torch.cpu if name.startswith("_is") else torch
    monkeypatch.delattr(module, name)
    assert not exact_matmul.multiplies_bytes()
    exact_matmul.multiplies_bytes.cache_clear()


def test_an_operation_that_saturates_is_not_used(monkeypatch):
    exact_matmul.multiplies_bytes.cache_clear()
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: True, raising=False)
    monkeypatch.setattr(torch, "_int_mm", lambda a, b: (a.int() @ b.int()).clamp(max=1 << 15))
    assert not exact_matmul.multiplies_bytes()
    exact_matmul.multiplies_bytes.cache_clear()
