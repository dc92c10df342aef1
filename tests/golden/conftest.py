"""A small bundle to read, to break and to replay."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from vit2rtl.golden import BundleWriter, Instance, directed_records, read_bundle
from vit2rtl.golden.bundle_schema import sha256

DEQUANTIZER = Instance.of("log2_dequantizer", lanes=3, zero_code="extra")
REQUANTIZER = Instance.of("requantizer", lanes=4, acc_width=18)


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


def write(path):
    """A bundle of two instances, three records and 44 beats."""
    with BundleWriter(path, {"model": "none", "seed": 0}) as writer:
        writer.add(REQUANTIZER, **qkv())
        for record in directed_records(DEQUANTIZER):
            writer.add(DEQUANTIZER, **record)
            writer.add(DEQUANTIZER, **record | {"record": "again", "layer": "again"})
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
    folder = tmp_path / "bundle"
    shutil.copytree(pristine, folder)

    def edit(change):
        manifest = json.loads((folder / "manifest.json").read_text())
        change(manifest)
        (folder / "manifest.json").write_text(json.dumps(manifest))

    def rehash():
        """Make the manifest and SHA256SUMS tell of the files as they are now."""
        files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
        known = {p.relative_to(folder).as_posix(): sha256(p) for p in files}
        edit(lambda manifest: _restate(manifest, known))
        known["manifest.json"] = sha256(folder / "manifest.json")
        sums = "".join(f"{digest}  {file}\n" for file, digest in known.items())
        (folder / "SHA256SUMS").write_text(sums)

    return SimpleNamespace(folder=folder, edit=edit, rehash=rehash)


def _restate(node, known):
    if isinstance(node, dict):
        if node.get("file") in known:
            node["sha256"] = known[node["file"]]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            _restate(child, known)
