"""A small bundle and vectors of a small program: to read, to break and to replay."""

from math import isqrt

import numpy as np
import pytest

from vit2rtl.golden import BundleWriter, Instance, read_bundle
from vit2rtl.golden.vectors.program_vectors_writer import write_vectors

from ..program.test_program import small_program
from .breaking import breakable

DEQUANTIZER = Instance.of("log2_dequantizer", lanes=3, zero_code="extra")
REQUANTIZER = Instance.of("requantizer", lanes=4, acc_width=18)
CODES = np.random.default_rng(7).integers(0, 16, (3, 1, 4, 4), dtype=np.uint8)


def qkv():
    """A model record: 5 tokens of 6 channels, a multiplier and a shift a channel."""
    tokens, channels = np.arange(5)[:, np.newaxis], np.arange(6)
    inputs = {
        "acc": (tokens * 6 + channels - 15) * 4001,
        "multiplier": 40000 + channels * 1000,
        "shift": channels % 3,
    }
    scaled = np.floor(inputs["acc"] * inputs["multiplier"] / 2.0 ** (28 + inputs["shift"]) + 0.5)
    return {
        "record": "blocks.0.attn.qkv",
        "layer": "blocks.0.attn.qkv",
        "kind": "model",
        "inputs": inputs,
        "outputs": {"code": (scaled.astype(int) + 7).clip(0, 15)},
        "configuration": {"shift_base": 28, "zero_point": 7},
        "notes": {"code": {"scale": np.float32(0.5), "description": "queries, keys, values"}},
    }


def every_code():
    """A directed record: every code up and down, 36 elements."""
    codes = [*range(17), *range(16, -1, -1), 16, 0]
    return {
        "record": "directed.every_code",
        "layer": "directed",
        "kind": "directed",
        "inputs": {"code": codes},
        "outputs": {"value": [0 if n == 16 else isqrt(4**15 // 2**n) for n in codes]},
    }


def write(path, **options):
    """A bundle of two instances, three records and 44 beats."""
    with BundleWriter(path, {"model": "none", "seed": 0}, **options) as writer:
        writer.add(REQUANTIZER, **qkv())
        writer.add(DEQUANTIZER, **every_code())
        writer.add(DEQUANTIZER, **every_code() | {"record": "again", "layer": "again"})
    return path


def refusal(folder):
    """The sentence with which the reader turns a bundle down."""
    with pytest.raises(ValueError) as caught:
        read_bundle(folder)
    return str(caught.value)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    """The bundle as written; not to be changed."""
    return write(tmp_path_factory.mktemp("pristine") / "bundle")


@pytest.fixture
def broken(pristine, tmp_path):
    """A copy to break, and what mends its hashes afterwards."""
    return breakable(pristine, tmp_path / "bundle")


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """Vectors of a program's four ops, three images, two lanes; not to be changed."""
    out = tmp_path_factory.mktemp("vectors") / "bundle"
    write_vectors(out, small_program(), CODES, lanes=2, provenance={"images": ["a", "b", "c"]})
    return out


@pytest.fixture
def copy(small, tmp_path):
    """A copy to break, and what mends its hashes afterwards."""
    return breakable(small, tmp_path / "bundle")
