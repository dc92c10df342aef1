"""Codes of the integer profile's functions that differ from exact arithmetic's.

python benchmarks/integer_errors.py [--weights FILE --images DIR] [--json]

On normal noise always; with DeiT-Tiny's weights and images also on what its float layers compute
for four images. The table is in docs/arithmetic.md. Exact arithmetic is float64, which errs by far
less than a code. What a function is given is the same for both: the residual stream in 16 bits for
LayerNorm, codes for attention times V; accumulators for softmax and GELU, whose rounding to 12 bits
is a part of what is measured. The numbers after a softmax's bits: bits of the logits, of the ROM's
index and of the exponentials' fractions. "Moved" is what the differing codes amount to.
"""

import argparse
import json
from fractions import Fraction

import numpy as np
import torch

from vit2rtl.golden.arithmetic import attention_value, gelu, layernorm, log_sqrt2, softmax
from vit2rtl.models import zoo as timm_models
from vit2rtl.models.images import open_images, preprocessing
from vit2rtl.quantization.quantizers import LogSqrt2Quantizer

WIDTHS = (4, 6, 8)
EPSILON = 1e-6
IMAGES = 4
NOISE = 400


def main():
    options = _arguments()
    noise = np.random.default_rng(0)
    figures = [
        *softmax_of_noise(noise),
        *attention_value_of_noise(noise),
        *layer_norm_figures("noise", *noise_stream(noise)),
        *gelu_figures("noise", noise.normal(0, 1, 10**6)),
    ]
    if options.weights and options.images:
        figures += deit_tiny(options)
    if options.json:
        print(json.dumps(figures, indent=1))
        return
    print(f"{'':<54}{'codes':>9}{'differ':>11}{'by':>5}{'moved':>11}{'worst layer':>13}")
    for figure in figures:
        shares = (f"{100 * figure[key]:.4f} %" if key in figure else ""
                  for key in ("share", "moved", "worst"))
        differ, weight, worst = shares
        print(f"{figure['case']:<54}{figure['codes']:>9}{differ:>11}{figure['largest']:>5}"
              f"{weight:>11}{worst:>13}")


def compare(case, got, want):
    """One line of the table: codes, the share that differs, the largest difference."""
    difference = np.abs(np.asarray(got, np.int64) - np.asarray(want, np.int64))
    return {"case": case, "codes": difference.size, "share": float((difference != 0).mean()),
            "largest": int(difference.max())}



def softmax_of(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def float_codes(logits, scale, bits):
    """log√2 codes of the softmax in floats, the top code being zero."""
    with np.errstate(divide="ignore"):
        steps = -2 * np.log2(softmax_of(logits) / scale)
    return np.clip(np.round(steps), 0, 2**bits - 1)


def softmax_codes(logits, scale, *, width=12, bits=4, **widths):
    """(integer logits, parameters, codes), the step of the logits from the largest of them."""
    step = np.abs(logits).max() / (2 ** (width - 1) - 1)
    p = softmax.parameters(step, scale, bits=bits, width=width, **widths)
    integers = np.round(logits / step).astype(np.int32)
    return integers, p, softmax.quantize(integers, p)


def calibrated_scale(logits, bits=4):
    """s as `vit2rtl quantize` chooses it."""
    quantizer = LogSqrt2Quantizer(bits, "top")
    quantizer.calibrate(torch.from_numpy(logits).softmax(-1).float())
    return float(quantizer.scale)


def softmax_figures(name, logits):
    """The fused quantizer at several widths, and profile ``hardware``'s 16-bit probabilities."""
    for bits, *variants in (
        (4, (12, 8, 17), (12, 6, 17), (10, 8, 17), (8, 8, 17)),
        (6, (12, 8, 17), (14, 10, 17), (16, 10, 17)),
        (8, (12, 8, 17), (14, 10, 17), (16, 10, 17)),
    ):
        scale = calibrated_scale(logits, bits)
        want = float_codes(logits, scale, bits)
        for width, rom_bits, exp_bits in variants:
            widths = {"width": width, "rom_bits": rom_bits, "exp_bits": exp_bits}
            _, _, codes = softmax_codes(logits, scale, bits=bits, **widths)
            case = f"softmax, {name}, {bits} bits: {width}, {rom_bits}, {exp_bits}"
            yield compare(case, codes, want) | {"moved": moved(codes, want, bits)}
        probability = np.minimum(np.round(softmax_of(logits) * 2**16), 2**16 - 1).astype(np.int64)
        codes = log_sqrt2.quantize(probability, *log_sqrt2.thresholds(scale), bits=bits)
        case = f"softmax, {name}, {bits} bits: profile hardware"
        yield compare(case, codes, want) | {"moved": moved(codes, want, bits)}


def moved(codes, want, bits):
    """What the codes that differ amount to, as a share of all attention."""
    values = np.append(2.0 ** (-np.arange(2**bits - 1) / 2), 0.0)
    exact = values[want.astype(int)]
    return float(np.abs(values[codes] - exact).sum() / exact.sum())


def softmax_of_noise(noise):
    for sigma in (1, 2, 3):
        logits = noise.normal(0, sigma, (NOISE * 4, 197))
        yield from softmax_figures(f"noise of sigma {sigma}", logits)
    logits = noise.normal(0, 2, (200, 197))
    integers, p, codes = softmax_codes(logits, 1.0)
    want = [exact_codes(*row, p) for row in zip(*softmax.exponentials(integers, p), strict=True)]
    yield compare("softmax, noise of sigma 2, given the exponentials", codes, want)


def exact_codes(mantissas, octaves, p):
    """Codes by the irrational thresholds, all compared as fourth powers, for s = 1."""
    total = int((mantissas >> octaves).sum()) ** 4
    return [sum(m**4 << (2 * k + 1) < total << 4 * x for k in range(2**p.bits - 1))
            for m, x in zip(mantissas.tolist(), octaves.tolist(), strict=True)]



def attention_value_of_noise(noise):
    for bits in range(4, 9):
        logits = noise.normal(0, 2, (NOISE, 197))
        _, _, codes = softmax_codes(logits, 1.0, bits=bits)
        values = noise.integers(0, 2**bits, (197, 64))
        zero_point = 2 ** (bits - 1)
        factors = np.append(2.0 ** (-np.arange(2**bits - 1) / 2), 0.0)
        product = factors[codes] @ (values - zero_point)
        factor = 2 ** (bits - 1) / (3 * np.abs(product).std() + np.abs(product).mean())
        want = np.clip(np.floor(product * factor + 0.5) + zero_point, 0, 2**bits - 1)
        for limit in (20, 16, 12) if bits > 5 else (16,):
            fraction = attention_value.fraction_bits(bits, limit=limit)
            even, odd = attention_value.accumulate(
                codes, values, zero_point, bits=bits, limit=limit
            )
            pair = attention_value.multipliers(Fraction(factor) / 2**fraction)
            got = attention_value.requantize(even, odd, pair, zero_point, bits=bits)
            yield compare(f"attention times V, noise, {bits} bits, H = {fraction}", got, want)



def noise_stream(noise):
    """Tokens of 192 channels of very different ranges, γ and β."""
    tokens = noise.normal(0, 1, (NOISE * 4, 192)) * np.exp(noise.normal(0, 0.7, 192))
    return tokens, noise.normal(1, 0.3, 192), noise.normal(0, 0.5, 192)


def layer_norm_figures(name, tokens, gamma, beta):
    """Codes of b bits whose scales fit each channel's range, as reparameterization leaves them."""
    step = 2 * np.abs(tokens).max() / 2**15
    stream = np.round(tokens / step).astype(np.int16)
    x = stream * step
    normal = x - x.mean(axis=1, keepdims=True)
    normal /= np.sqrt((normal**2).mean(axis=1, keepdims=True) + EPSILON)
    y = normal * gamma + beta
    for bits in WIDTHS:
        scale = np.maximum(np.ptp(y, axis=0), 1e-9) / (2**bits - 1)
        zero_point = np.round(-y.min(axis=0) / scale)
        p = layernorm.parameters_of(
            gamma / scale, beta / scale + zero_point, 1, 0, input_scale=step, epsilon=EPSILON
        )
        want = np.clip(np.floor(y / scale + zero_point + 0.5), 0, 2**bits - 1)
        got = layernorm.layer_norm(stream, p, bits=bits)
        yield compare(f"LayerNorm, {name}, {bits} bits", got, want)


def gelu_figures(name, x):
    """From the sum to a code: rounding to the table's input bits, and then the table."""
    y = np.array([gelu.gelu(v) for v in x.ravel().tolist()])
    for bits in WIDTHS:
        scale = (np.quantile(y, 0.9999) - y.min()) / (2**bits - 1)
        zero_point = int(np.round(-y.min() / scale))
        want = np.clip(np.floor(y / scale + 0.5) + zero_point, 0, 2**bits - 1)
        for input_bits in (10, 12, 16):
            half = 2 ** (input_bits - 1)
            step = np.abs(x).max() / half
            table = gelu.table_of(
                step, half, scale, zero_point, input_bits=input_bits, bits=bits
            )
            codes = np.clip(np.floor(x.ravel() / step + 0.5) + half, 0, 2 * half - 1)
            yield compare(f"GELU, {name}, {input_bits} to {bits} bits",
                          gelu.apply(codes.astype(np.int64), table), want)



def deit_tiny(options):
    """The same on what a float DeiT-Tiny computes, figures of its layers added up."""
    network = timm_models.create("deit_tiny_patch16_224", weights=options.weights)
    found = open_images(options.images, preprocessing(network)).sample(IMAGES, seed=0)
    seen = []

    def logits(attention, output):
        q, k, _ = output.unflatten(2, (3, attention.num_heads, -1)).permute(2, 0, 3, 1, 4)
        seen.append(("softmax", (q @ k.transpose(-1, -2) * attention.scale).double()))

    for block in network.blocks:
        block.attn.qkv.register_forward_hook(lambda _, x, y, of=block.attn: logits(of, y))
        block.mlp.fc1.register_forward_hook(lambda _, x, y: seen.append(("GELU", y.double())))
        for norm in (block.norm1, block.norm2):
            norm.register_forward_hook(lambda of, x, y: seen.append(("LayerNorm", (of, x[0]))))
    with torch.inference_mode():
        network(found.batch(range(IMAGES)))
        figures = []
        for kind, value in seen:
            if kind == "softmax":
                figures += softmax_figures("DeiT-Tiny", value.numpy())
            elif kind == "GELU":
                figures += gelu_figures("DeiT-Tiny", value.numpy())
            else:
                norm, x = value
                arrays = (t.double().numpy() for t in (x.flatten(0, 1), norm.weight, norm.bias))
                figures += layer_norm_figures("DeiT-Tiny", *arrays)
    return [total([f for f in figures if f["case"] == case])
            for case in dict.fromkeys(f["case"] for f in figures)]


def total(figures):
    """Layers taken together; ``worst`` is the share of the worst of them."""
    mean = {key: float(np.mean([f[key] for f in figures]))
            for key in ("share", "moved") if key in figures[0]}
    return {
        "case": figures[0]["case"], "codes": sum(f["codes"] for f in figures), **mean,
        "largest": max(f["largest"] for f in figures),
        "worst": max(f["share"] for f in figures),
    }


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", help="DeiT-Tiny's weights, safetensors")
    parser.add_argument("--images", help="folder of images")
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    return parser.parse_args()


if __name__ == "__main__":
    main()
