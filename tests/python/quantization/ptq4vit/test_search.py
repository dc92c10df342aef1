"""The search against a search of everything, in numpy and double precision."""

import numpy as np
import pytest
import torch

from vit2rtl.quantization.ptq4vit.operands import Activated, InFloat, Probabilities, Uniform
from vit2rtl.quantization.ptq4vit.search import AttentionProduct, LinearProduct, best
from vit2rtl.quantization.quantizers import UniformQuantizer
from vit2rtl.quantization.twin_quantizers import TwinActivationQuantizer, TwinSoftmaxQuantizer

COUNT = 20
IMAGES = 6
FRACTIONS = [0.01 + 1.19 * n / COUNT for n in range(COUNT)]


def random(*shape, seed=0, spread=1.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator) * spread


def rounded(x, scale, bits):
    half = 2 ** (bits - 1)
    return np.clip(np.round(x / scale), -half, half - 1) * scale


def first_scale(x, bits):
    return np.abs(x).max() / (2 ** (bits - 1) - 0.5)


def test_a_candidate_is_left_once_it_is_behind_and_the_choice_is_that_of_all_sums():
    generator = np.random.default_rng(5)
    for _ in range(50):
        count, groups, chunks = generator.integers([1, 1, 1], [30, 4, 9])
        errors = generator.integers(0, 6, (count, chunks, groups)).astype(float) ** 2
        asked = []

        def candidate(n, errors=errors, asked=asked):
            def of(chunk):
                asked.append(n)
                return torch.from_numpy(errors[n, chunk.start])
            return of

        places = [slice(n, n + 1) for n in range(chunks)]
        chosen = best(count, groups, places, candidate)
        assert chosen.tolist() == errors.sum(1).argmin(0).tolist()
        assert len(asked) <= count * chunks
    hopeless = [torch.tensor([0.0 if n == 3 else 1.0]) for n in range(10)]
    asked = []
    best(10, 1, [slice(n, n + 1) for n in range(8)],
         lambda n: lambda chunk: asked.append(n) or hopeless[n])
    assert len(asked) == 10 + 7  # all once, and the best one in every chunk


def test_errors_that_are_not_finite_are_one_sentence():
    with pytest.raises(ValueError, match=r"^Calibration met values that are not finite"):
        best(2, 1, [slice(0, 1)], lambda n: lambda chunk: torch.tensor(float("nan")))


@pytest.mark.parametrize("groups", [1, 3])
def test_a_linear_layer_takes_the_scales_that_a_search_of_all_takes(groups):
    bits, rounds = 4, 2
    weight, x = random(6, 5, seed=1, spread=0.3), random(IMAGES * 7, 5, seed=2)
    gradient = random(IMAGES * 7, 6, seed=3)
    weights, inputs = UniformQuantizer(bits, 0, symmetric=True), UniformQuantizer(
        bits, symmetric=True)
    pair = (Uniform(weight.view(groups, -1, 5), weights, COUNT, axis=0),
            Uniform(x, inputs, COUNT))
    LinearProduct(*pair, gradient, IMAGES).search(rounds)
    for operand in pair:
        operand.give()

    w, a, g = (t.double().numpy() for t in (weight, x, gradient))
    parts = np.split(np.arange(6), groups)
    w_first = np.array([first_scale(w[part], bits) for part in parts for _ in part])[:, None]
    w_scale, a_scale = w_first, first_scale(a, bits)

    def error(w_scale, a_scale):
        return (g * (rounded(a, a_scale, bits) @ rounded(w, w_scale, bits).T - a @ w.T)) ** 2

    for _ in range(rounds):
        columns = np.array([error(w_first * f, a_scale).sum(0) for f in FRACTIONS])
        w_scale = w_scale.copy()
        for part in parts:
            chosen = columns[:, part].sum(1).argmin()
            w_scale[part] = w_first[part] * FRACTIONS[chosen]
        sums = [error(w_scale, first_scale(a, bits) * f).sum() for f in FRACTIONS]
        a_scale = first_scale(a, bits) * FRACTIONS[int(np.argmin(sums))]
    assert weights.scale.tolist() == pytest.approx(w_scale[:, 0].tolist(), rel=1e-5)
    assert float(inputs.scale) == pytest.approx(a_scale, rel=1e-5)
    assert weights.zero_point.unique().tolist() == [8]


def test_attention_takes_the_scales_that_a_search_of_all_takes_for_every_head():
    bits, rounds, heads = 3, 3, 2
    q, k = random(IMAGES, heads, 5, 4, seed=1), random(IMAGES, heads, 6, 4, seed=2)
    q[:, 1] *= 3
    gradient = random(IMAGES, heads, 5, 6, seed=3)
    quantizers = [UniformQuantizer(bits, 1, symmetric=True) for _ in "qk"]
    pair = [Uniform(x, quantizer, COUNT, axis=1)
            for x, quantizer in zip((q, k), quantizers, strict=True)]
    AttentionProduct(*pair, gradient, IMAGES, transposed=True).search(rounds)
    for operand in pair:
        operand.give()
    for head in range(heads):
        a, b, g = (t[:, head].double().numpy() for t in (q, k, gradient))
        scales = [first_scale(a, bits), first_scale(b, bits)]
        firsts = list(scales)

        def error(a_scale, b_scale, a=a, b=b, g=g):
            product = rounded(a, a_scale, bits) @ rounded(b, b_scale, bits).swapaxes(1, 2)
            return ((g * (product - a @ b.swapaxes(1, 2))) ** 2).sum()

        for _ in range(rounds):
            tried = [error(firsts[0] * f, scales[1]) for f in FRACTIONS]
            scales[0] = firsts[0] * FRACTIONS[int(np.argmin(tried))]
            tried = [error(scales[0], firsts[1] * f) for f in FRACTIONS]
            scales[1] = firsts[1] * FRACTIONS[int(np.argmin(tried))]
        assert [float(q.scale[head]) for q in quantizers] == pytest.approx(scales, rel=1e-5)


@pytest.mark.parametrize("both", [False, True])
def test_the_split_of_probabilities_is_searched_with_v_in_float(both):
    bits, heads = 4, 2
    probabilities = random(IMAGES, heads, 5, 6, seed=1, spread=2).softmax(-1)
    v, gradient = random(IMAGES, heads, 6, 3, seed=2), random(IMAGES, heads, 5, 3, seed=3)
    softmax, values = TwinSoftmaxQuantizer(bits, both=both), UniformQuantizer(
        bits, 1, symmetric=True)
    pair = (Probabilities(probabilities, softmax), Uniform(v, values, COUNT, axis=1))
    AttentionProduct(*pair, gradient, IMAGES, transposed=False).search(3)
    for operand in pair:
        operand.give()
    errors = []
    for shift in range(20):
        trial = TwinSoftmaxQuantizer(bits, both=both)
        trial.set_split(2.0**-shift)
        difference = (trial(probabilities) - probabilities) @ v
        errors.append(float((gradient * difference).double().square().sum()))
    assert softmax.split == 2.0 ** -int(np.argmin(errors))


@pytest.mark.parametrize("doubled", [False, True])
def test_gelu_has_a_searched_scale_above_zero_and_its_minimum_below(doubled):
    bits = 4
    x = torch.nn.functional.gelu(random(IMAGES * 9, 5, seed=1, spread=2))
    weight, gradient = random(3, 5, seed=2), random(IMAGES * 9, 3, seed=3)
    weights, inputs = UniformQuantizer(8, 0, symmetric=True), TwinActivationQuantizer(bits)
    operand = Activated(x, inputs, COUNT, doubled=doubled)
    pair = (Uniform(weight[None], weights, COUNT, axis=0), operand)
    LinearProduct(*pair, gradient, IMAGES).search(1)
    for one in pair:
        one.give()
    low = float(-x.min()) / 8
    assert inputs.scale[1].item() == pytest.approx(low)
    first = float(x.max()) / 7.5
    tried = [low * 2.0**n for n in range(20)] if doubled else [first * f for f in FRACTIONS]
    errors = []
    for scale in tried:
        trial = TwinActivationQuantizer(bits)
        trial.set(scale, low)
        difference = trial(x) @ weights(weight).T - x @ weight.T
        errors.append(float((gradient * difference).double().square().sum()))
    assert inputs.scale[0].item() == pytest.approx(tried[int(np.argmin(errors))], rel=1e-5)


def test_a_factor_in_float_leaves_the_other_one_to_be_chosen_once(monkeypatch):
    weight = UniformQuantizer(4, 0, symmetric=True)
    operand = Uniform(random(1, 3, 5), weight, COUNT, axis=0)
    asked = []
    monkeypatch.setattr(Uniform, "choose", lambda self, best: asked.append(best) or True)
    LinearProduct(operand, InFloat(random(IMAGES, 5)), random(IMAGES, 3), IMAGES).search(3)
    assert len(asked) == 1


def test_tensors_of_zeros_have_a_scale():
    weight = UniformQuantizer(4, 0, symmetric=True)
    operand = Uniform(torch.zeros(1, 3, 5), weight, COUNT, axis=0)
    LinearProduct(operand, InFloat(random(IMAGES, 5)), random(IMAGES, 3), IMAGES).search(1)
    operand.give()
    assert (weight.scale > 0).all() and weight(torch.zeros(3, 5)).equal(torch.zeros(3, 5))
