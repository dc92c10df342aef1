"""Every product equals that of Python's integers, in bytes and in floats."""

import pytest
import torch

from vit2rtl.quantization import exact_matmul
from vit2rtl.quantization.exact_matmul import Products, Weights

BYTES = (-128, 127)


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
                                             ((-128, 0), (-127, 127)), ((-255, 0), (0, 255)),
                                             ((-8, 7), (0, 255)), ((-129, 0), (-8, 7))])
def test_batches_of_matrices_multiply_exactly(left, right, in_bytes):
    a, b = integers(*left, 2, 3, 5, 40), integers(*right, 2, 3, 7, 40)
    products = Products(left, right, 40 * 255 * 255)
    fits = left[0] >= -128 and right[1] <= 127
    assert products.bytes == products.in_bytes(a.shape, b.shape) == (in_bytes and fits)
    got = products(a.double().mT.contiguous().mT, b.double())
    for n in range(2):
        for m in range(3):
            assert got[n, m].tolist() == product(a[n, m], b[n, m])


def test_matrices_of_two_axes_multiply_exactly(in_bytes):
    a, b = integers(-8, 7, 5, 40), integers(-8, 7, 3, 40)
    assert Products((-8, 7), (-8, 7), 40 * 64)(a, b).tolist() == product(a, b)


def test_batches_of_different_sizes_are_refused(in_bytes):
    with pytest.raises((ValueError, RuntimeError)):
        Products((-8, 7), (-8, 7), 64)(torch.ones(2, 3, 4), torch.ones(3, 3, 4))


@pytest.mark.parametrize("weights", [[[-200, 100], [0, 3]], [[0, 3], [-200, 100]]])
def test_one_row_too_wide_for_bytes_is_enough_for_floats(weights, in_bytes):
    matmul = Weights(torch.tensor(weights).double(), 0, 15, 15 * 300)
    assert matmul.type is torch.float32
    assert matmul.accumulate(torch.tensor([[1, 15]])).tolist() == product([[1, 15]], weights)


@pytest.mark.parametrize("weights", [[[-300, -200], [0, 3]], [[0, 3], [200, 300]]])
def test_one_row_away_from_zero_is_enough_to_shift(weights, in_bytes):
    matmul = Weights(torch.tensor(weights).double(), 0, 15, 15 * 600)
    assert (matmul.type is torch.int8) == in_bytes
    assert matmul.accumulate(torch.tensor([[1, 15]])).tolist() == product([[1, 15]], weights)


@pytest.mark.parametrize(("bound", "exact"), [
    (0, torch.float32), ((1 << 24) - 1, torch.float32), (1 << 24, torch.float64),
    ((1 << 53) - 1, torch.float64), (1 << 60, torch.float64)])
def test_the_bound_decides_which_float_holds_every_sum(bound, exact):
    assert exact_matmul.float_type(bound) is exact


@pytest.mark.parametrize(("m", "k", "n", "worth"), [
    (128, 32, 128, True), (128, 31, 128, False), (127, 32, 128, False), (128, 32, 127, False)])
def test_half_a_million_products_are_worth_a_call(m, k, n, worth, monkeypatch):
    monkeypatch.setattr(exact_matmul, "multiplies_bytes", lambda: True)
    products = Products((-8, 7), (-8, 7), 1 << 20)
    assert products.in_bytes(torch.Size([2, m, k]), torch.Size([2, n, k])) is worth


def test_small_matrices_are_multiplied_together(monkeypatch):
    monkeypatch.setattr(exact_matmul, "multiplies_bytes", lambda: True)
    products = Products((-8, 7), (-8, 7), 1 << 20)
    shape = torch.Size([64, 3, 49, 32])
    assert products.bytes and not products.in_bytes(shape, shape)
    assert products(torch.ones(shape), torch.ones(shape)).dtype == torch.float32


@pytest.fixture
def fresh_check():
    """The processor is looked at anew, and once more behind the test."""
    exact_matmul.multiplies_bytes.cache_clear()
    yield
    exact_matmul.multiplies_bytes.cache_clear()


@pytest.mark.usefixtures("fresh_check")
@pytest.mark.parametrize("name", ["_is_vnni_supported", "_int_mm"])
def test_without_the_instruction_or_the_operation_nothing_is_in_bytes(name, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: True, raising=False)
    monkeypatch.delattr(torch.cpu if name.startswith("_is") else torch, name)
    assert exact_matmul.multiplies_bytes() is False


def unsupported(a, b):
    raise RuntimeError("_int_mm is not implemented here")


@pytest.mark.usefixtures("fresh_check")
@pytest.mark.parametrize(("operation", "used"), [
    (lambda a, b: a.int() @ b.int(), True),
    # Sums of pairs that saturate, as instructions older than VNNI have it.
    (lambda a, b: (a.int() @ b.int()).clamp(max=1 << 15), False),
    (lambda a, b: (a.int() @ b.int()).clamp(min=-1 << 15), False),
    (unsupported, False)])
def test_an_operation_is_used_where_it_is_exact(operation, used, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_vnni_supported", lambda: True, raising=False)
    monkeypatch.setattr(torch, "_int_mm", operation)
    assert exact_matmul.multiplies_bytes() is used
