"""A small bundle for all three units."""

import numpy as np
import pytest

from vit2rtl.golden.arithmetic import log_sqrt2, requantizer
from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.golden.vectors.bundle import BundleWriter, read_bundle

TOKENS, CHANNELS, HEADS = 17, 24, 2
REQUANTIZER = Instance.of("requantizer", lanes=2, acc_width=20)
QUANTIZER = Instance.of("log_sqrt2_quantizer", lanes=2)
DEQUANTIZER = Instance.of("log2_dequantizer", lanes=2)


@pytest.fixture(scope="session")
def bundle_path(tmp_path_factory):
    """Layers of plausible statistics, and the directed corner cases, of three instances."""
    path = tmp_path_factory.mktemp("vectors") / "bundle"
    write_bundle(path)
    return path


@pytest.fixture(scope="session")
def bundle(bundle_path):
    return read_bundle(bundle_path)


def write_bundle(path, *, repeat=1):
    rng = np.random.default_rng(5)
    with BundleWriter(path, provenance={"model": "plausible"}) as writer:
        for layer, zero_point in (("blocks.0.attn.qkv", 7), ("blocks.0.mlp.fc1", -5)):
            add_requantizer(writer, rng, layer, zero_point, repeat)
        for block, scale in enumerate((1.0, 0.71)):
            add_attention(writer, rng, f"blocks.{block}.attn", scale)
        for instance in (REQUANTIZER, QUANTIZER, DEQUANTIZER):
            for record in directed_records(instance):
                writer.add(instance, **record)


def add_requantizer(writer, rng, layer, zero_point, repeat):
    acc = np.rint(rng.normal(200, 3000, (TOKENS * repeat, CHANNELS))).astype(int)
    multiplier, shift = requantizer.multiplier_and_shift(np.exp(rng.normal(-6.5, 0.5, CHANNELS)))
    base = int(shift.min())
    inputs = {"acc": acc, "multiplier": multiplier, "shift": shift - base}
    configuration = {"shift_base": base, "zero_point": zero_point}
    add(writer, REQUANTIZER, layer, inputs, configuration)


def add_attention(writer, rng, layer, scale):
    rows = rng.dirichlet(np.full(TOKENS, 0.1), (HEADS, TOKENS))
    probability = np.minimum(np.rint(rows * 2**16), 2**16 - 1).astype(int)
    first, second = log_sqrt2.thresholds(scale)
    configuration = {"threshold_a": first, "threshold_b": second}
    codes = add(writer, QUANTIZER, layer, {"probability": probability}, configuration)
    add(writer, DEQUANTIZER, layer, codes, {})


def add(writer, instance, layer, inputs, configuration):
    outputs = instance.evaluate(inputs, configuration)
    writer.add(
        instance,
        record=layer,
        layer=layer,
        kind="model",
        inputs=inputs,
        outputs=outputs,
        configuration=configuration,
    )
    return outputs
