"""The search by a block's errors against one of everything, by loops in Python's own numbers."""

import itertools

import torch

from vit2rtl.quantization.apq.blocks import BlockSample
from vit2rtl.quantization.apq.search import BlockAttention, BlockLinear, product_of
from vit2rtl.quantization.ptq4vit.operands import InFloat, Uniform, Unsigned
from vit2rtl.quantization.ptq4vit.search import LinearProduct
from vit2rtl.quantization.quantizers import UniformQuantizer

COUNT = 12
IMAGES, TOKENS, DRAWS = 6, 3, 2
FRACTIONS = [0.01 + 1.19 * n / COUNT for n in range(COUNT)]


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def integers(*shape, seed=0):
    return torch.randint(-5, 6, shape, generator=torch.Generator().manual_seed(seed)).float()


def rounded(value, scale, low, high):
    return min(max(round(value / scale), low), high) * scale


def test_errors_of_a_linear_layer_are_those_of_loops():
    rows, out, groups = IMAGES * TOKENS, 6, 3
    weights = Uniform(random(groups, 2, 4), UniformQuantizer(4, 0, symmetric=True), COUNT, axis=0)
    gradient = integers(IMAGES, TOKENS, DRAWS, out, seed=1)
    present = integers(IMAGES, TOKENS, DRAWS, seed=2)
    product = BlockLinear(weights, InFloat(random(rows, 4)),
                          BlockSample((), gradient, present), IMAGES)
    difference = integers(rows, out, seed=3)
    whole, parts = 0, [0] * groups
    for n, draw in itertools.product(range(rows), range(DRAWS)):
        image, token = divmod(n, TOKENS)
        terms = [int(gradient[image, token, draw, o]) * int(difference[n, o]) for o in range(out)]
        now = int(present[image, token, draw])
        whole += (now + sum(terms)) ** 2
        for group in range(groups):
            parts[group] += (now + sum(terms[2 * group:2 * group + 2])) ** 2
    every = slice(0, rows)
    assert product._weighed(difference.clone(), every, 1).tolist() == [whole]
    assert product._weighed(difference.clone(), every, groups).tolist() == parts


def test_errors_of_attention_are_those_of_loops():
    heads, keys = 2, 4
    q, k = random(IMAGES, heads, TOKENS, 5), random(IMAGES, heads, keys, 5, seed=1)
    pair = [Uniform(x, UniformQuantizer(4, 1, symmetric=True), COUNT, axis=1) for x in (q, k)]
    gradient = integers(IMAGES, heads, TOKENS, DRAWS, keys, seed=2)
    present = integers(IMAGES, TOKENS, DRAWS, seed=3)
    product = BlockAttention(*pair, BlockSample((), gradient, present), IMAGES, transposed=True)
    difference = integers(IMAGES, heads, TOKENS, keys, seed=4)
    whole, parts = 0, [0] * heads
    for image, token, draw in itertools.product(range(IMAGES), range(TOKENS), range(DRAWS)):
        now = int(present[image, token, draw])
        terms = [sum(int(gradient[image, head, token, draw, key])
                     * int(difference[image, head, token, key]) for key in range(keys))
                 for head in range(heads)]
        whole += (now + sum(terms)) ** 2
        parts = [part + (now + term) ** 2 for part, term in zip(parts, terms, strict=True)]
    every = slice(0, IMAGES)
    assert product._weighed(difference.clone(), every, 1).tolist() == [whole]
    assert product._weighed(difference.clone(), every, heads).tolist() == parts


def test_a_linear_layer_takes_the_scales_that_a_search_of_all_takes_by_the_block_s_error():
    bits, rows = 4, IMAGES * TOKENS
    weight, x = random(3, 4, seed=1), random(rows, 4, seed=2)
    gradient, present = random(IMAGES, TOKENS, DRAWS, 3, seed=3), random(
        IMAGES, TOKENS, DRAWS, seed=4)

    def chosen(local):
        pair = (Uniform(weight[None], UniformQuantizer(bits, 0, symmetric=True), COUNT, axis=0),
                Uniform(x, UniformQuantizer(bits, symmetric=True), COUNT))
        sample = BlockSample((x,), gradient, present)
        product = (LinearProduct(*pair, torch.ones(rows, 3), IMAGES) if local
                   else product_of("", pair, sample, IMAGES))
        product.search(1)
        return [float(factor.scale) for factor in pair]

    def largest(t):
        return max(abs(v) for v in t.flatten().tolist()) / 7.5

    def error(w_scale, x_scale):
        total = 0.0
        for n, draw in itertools.product(range(rows), range(DRAWS)):
            moved = float(present[n // TOKENS, n % TOKENS, draw])
            for o in range(3):
                exact = sum(float(weight[o, i]) * float(x[n, i]) for i in range(4))
                quantized = sum(rounded(float(weight[o, i]), w_scale, -8, 7)
                                * rounded(float(x[n, i]), x_scale, -8, 7) for i in range(4))
                moved += float(gradient[n // TOKENS, n % TOKENS, draw, o]) * (quantized - exact)
            total += moved**2
        return total

    w_scale = min((largest(weight) * f for f in FRACTIONS),
                  key=lambda scale: error(scale, largest(x)))
    x_scale = min((largest(x) * f for f in FRACTIONS), key=lambda scale: error(w_scale, scale))
    torch.testing.assert_close(chosen(local=False), [w_scale, x_scale], rtol=1e-5, atol=0)
    assert chosen(local=True) != chosen(local=False)


def test_probabilities_have_codes_from_zero_to_their_maximum_each_head_by_itself():
    bits, heads, depth = 3, 2, 4
    p = (2 * random(IMAGES, heads, TOKENS, 5, seed=1)).softmax(-1)
    v = random(IMAGES, heads, 5, depth, seed=2)
    gradient = random(IMAGES, heads, TOKENS, DRAWS, depth, seed=3)
    present = random(IMAGES, TOKENS, DRAWS, seed=4)
    softmax, values = UniformQuantizer(bits, 1), UniformQuantizer(16, 1, symmetric=True)
    pair = (Unsigned(p, softmax, COUNT, 1), Uniform(v, values, COUNT, axis=1))
    product_of("av", pair, BlockSample((p, v), gradient, present), IMAGES).search(1)
    for factor in pair:
        factor.give()
    assert softmax.zero_point.tolist() == [0, 0]
    initial = pair[1].initial
    coarse = (v / initial).round().clamp(-(1 << 15), (1 << 15) - 1) * initial
    for head in range(heads):
        first = float(p[:, head].max()) / 7
        errors = []
        for fraction in FRACTIONS:
            scale = first * fraction
            codes = (p[:, head] / scale).round().clamp(0, 7)
            moved = codes * scale @ coarse[:, head] - p[:, head] @ v[:, head]
            terms = (gradient[:, head] * moved[:, :, None]).sum(-1) + present
            errors.append(float(terms.double().square().sum()))
        best = first * FRACTIONS[errors.index(min(errors))]
        torch.testing.assert_close(float(softmax.scale[head]), best, rtol=1e-5, atol=0)
