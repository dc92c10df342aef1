"""Vectors of lowered programs, computed again in plain Python and compared with the simulation."""

import shutil

import numpy as np
import pytest
import torch

from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.vectors.program_vectors_reader import read_vectors
from vit2rtl.golden.vectors.program_vectors_replay import replay
from vit2rtl.golden.vectors.program_vectors_schema import select
from vit2rtl.golden.vectors.program_vectors_writer import write_vectors
from vit2rtl.lowering.lower import lower
from vit2rtl.lowering.tracing import trace
from vit2rtl.models import embedded, images
from vit2rtl.models.zoo import timm
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

from ...golden.vectors.breaking import breakable
from . import program_oracle

# (model, weight bits, activation bits, variant): between them every kind of op. Variants ``twin``
# and ``factors`` are variant hardware of PTQ4ViT and of FQ-ViT.
CASES = [("vit", 4, 4, "hardware"), ("vit", 4, 4, "integer"), ("vit", 3, 8, "integer"),
         ("swin", 4, 4, "hardware"), ("swin", 6, 5, "integer"), ("swin", 4, 5, "twin"),
         ("swin", 4, 6, "factors"), ("vit", 4, 8, "factors")]
UNSIGNED = ("multiplier", "low_multiplier", "shift", "index", "mask", "rom", "seeds", "factors")
METHODS = {"twin": {"method": "ptq4vit", "candidates": 4, "rounds": 1}, "factors": {"method": "fq"}}
PREPROCESSING = {"input_size": [3, 32, 32], "interpolation": "bicubic", "mean": [0.5] * 3,
                 "std": [0.5] * 3}
MODELS = {
    "vit": ("deit_tiny_distilled_patch16_224",
            dict(img_size=32, patch_size=8, embed_dim=24, depth=1, num_heads=3, num_classes=5)),
    "swin": ("swin_tiny_patch4_window7_224",
             dict(img_size=32, window_size=4, embed_dim=12, depths=(2, 1), num_heads=(2, 3),
                  num_classes=5)),
}


@pytest.fixture(scope="module")
def model():
    """``model(name, weight bits, activation bits, **options of the recipe) -> (QuantizedViT,
    images)``, made once each."""
    made = {}

    def model(name, *bits, **options):
        if (name, *bits, *options) not in made:
            generator = torch.Generator().manual_seed(3)
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(3)
                network = timm.create_model(MODELS[name][0], **MODELS[name][1])
            for parameter in network.parameters():
                parameter.data += 0.1 * torch.randn(parameter.shape, generator=generator)
            batch = torch.randn(6, 3, 32, 32, generator=generator)
            quantized = QuantizedViT(network.eval(), Recipe(*bits, **options)).calibrate(batch)
            made[name, *bits, *options] = quantized, batch
        return made[name, *bits, *options]

    return model


@pytest.fixture(scope="module")
def bundle(model, tmp_path_factory):
    """``bundle(*case) -> folder`` of vectors of every op, two images, three lanes."""
    made = {}

    def bundle(name, weights, activations, variant):
        case = name, weights, activations, variant
        if case not in made:
            options = METHODS.get(variant, {})
            quantized, batch = model(name, weights, activations, **options)
            program = lower(quantized, variant="hardware" if options else variant, model=name,
                            images=batch, preprocessing=PREPROCESSING)
            codes = trace(quantized, batch[:2])["image"].encode(program.image).astype(np.uint8)
            made[case] = tmp_path_factory.mktemp("vectors") / "bundle"
            write_vectors(made[case], program, codes, lanes=3)
        return made[case]

    return bundle


def differences(folder, image, only=None):
    """{op: elements that differ from the oracle's} of all ops, or of one"""
    files, found = program_oracle.Bundle(folder), {}
    for op in [files.ops[only]] if only else files.ops.values():
        want = files.tensor(op["output"], image)
        made = files.compute(op, [files.tensor(name, image) for name in op["inputs"]])
        if files.described[op["output"]]["encoding"] == "float64":
            wrong = np.abs((made - want).astype(float)) > 1e-11
        else:
            wrong = made != want
        found[op["name"]] = int(wrong.sum())
    return found


@pytest.mark.parametrize("case", CASES)
def test_every_op_as_computed_in_plain_python(bundle, case):
    assert {op: n for op, n in differences(bundle(*case), image=1).items() if n} == {}


@pytest.mark.parametrize("case", CASES)
def test_the_reader_takes_it_and_golden_replays_it(bundle, case):
    found = replay(read_vectors(bundle(*case)))
    assert found and not [result for result in found if result.mismatches or result.first]


def test_the_cases_have_every_kind_of_op(bundle):
    kinds = {op["kind"] for case in CASES
             for op in program_oracle.Bundle(bundle(*case)).ops.values()}
    assert kinds == set(KINDS) == set(program_oracle.KINDS)


def matmul_differences(folder, quantized, batch):
    """{op: elements} where the files' parameters make other codes of the simulation's inputs than
    the simulation did: linear layers and q·kᵀ, which must be equal."""
    files = program_oracle.Bundle(folder)
    seen = {name: traced.array[0].astype(object).reshape(files.described[name]["shape"])
            for name, traced in trace(quantized, batch).items() if name in files.described}
    seen["patches"] = files.compute(files.ops["patches"], [seen["image"]])
    matmuls = [op for op in files.ops.values() if op["kind"] in ("linear", "query_key")]
    return {op["name"]: int((files.compute(op, [seen[name] for name in op["inputs"]])
                             != seen[op["output"]]).sum()) for op in matmuls}


# Two heads and the patch embedding; the same with one head and a merging of patches.
@pytest.mark.parametrize(("name", "count"), [("vit", 7 + 3), ("swin", 3 * 7 + 3)])
def test_matmuls_make_the_simulations_codes(bundle, model, name, count):
    quantized, batch = model(name, 4, 4)
    found = matmul_differences(bundle(name, 4, 4, "hardware"), quantized, batch[3:4])
    assert len(found) == count and not any(found.values()), found


def test_the_simulation_sees_a_wrong_constant(bundle, model, tmp_path):
    out = shutil.copytree(bundle("vit", 4, 4, "hardware"), tmp_path / "bundle")
    flip(out / "constants/head/bias.mem", 2)
    quantized, batch = model("vit", 4, 4)
    found = matmul_differences(out, quantized, batch[3:4])
    assert [op for op, count in found.items() if count] == ["head"]


def test_the_expected_codes_are_the_simulations_where_its_inputs_are(quantize, digits, tmp_path):
    """From the image on: whatever enters an op as in the simulation leaves it as there."""
    quantized = quantize(4, 4)
    program = lower(quantized, variant="hardware", model="mnist_vit",
                    preprocessing=images.preprocessing(embedded.create()))
    seen = trace(quantized, digits[:1])
    codes = seen["image"].encode(program.image).astype(np.uint8)
    write_vectors(tmp_path / "bundle", program, codes)
    vectors = read_vectors(tmp_path / "bundle")
    same = {name: np.array_equal(vectors.tensor(name, 0).ravel(), seen[name].array[0].ravel())
            for name in vectors.tensors if name in seen}
    followed = [op for op in vectors.ops if op.kind in ("linear", "query_key")
                and all(same.get(name) for name in op.inputs)]
    assert len(followed) >= 4
    assert all(same[op.output.name] for op in followed)


def flip(file, digit):
    """Another lowest bit in one digit of every line of a ``.mem`` file."""
    lines = [f"{line[:digit]}{int(line[digit], 16) ^ 1:x}{line[digit + 1:]}\n"
             for line in file.read_text().splitlines()]
    file.write_text("".join(lines))


@pytest.mark.parametrize(("case", "file", "op"), [
    (CASES[0], "tensors/blocks.0.mlp.fc1.mem", "blocks.0.mlp.fc1"),
    (CASES[0], "constants/blocks.0.attn.qkv.v/bias.mem", "blocks.0.attn.qkv.v"),
    (CASES[0], "constants/blocks.0.norm1/beta.mem", "blocks.0.norm1"),
    (CASES[1], "constants/blocks.0.mlp.act/table.mem", "blocks.0.mlp.act"),
    (CASES[1], "constants/blocks.0.norm2/gain.mem", "blocks.0.norm2"),
    (CASES[1], "constants/blocks.0.attn.qkv.q/multiplier.mem", "blocks.0.attn.qkv.q"),
    (CASES[1], "tensors/blocks.0.attn.logits.mem", "blocks.0.attn.softmax"),
    (CASES[4], "constants/layers.0.blocks.1.attn.query_key/mask.mem",
     "layers.0.blocks.1.attn.query_key"),
])
def test_the_oracle_sees_what_is_wrong_in_a_file(bundle, tmp_path, case, file, op):
    out = shutil.copytree(bundle(*case), tmp_path / "bundle")
    flip(out / file, 0)
    assert differences(out, 1, only=op)[op] > 0


@pytest.mark.parametrize("case", CASES)
def test_constants_have_the_bits_of_what_they_stand_for(bundle, case):
    """Tables and what is added to the stream those of the output, weights those of the recipe."""
    files, found = program_oracle.Bundle(bundle(*case)), set()
    for op in files.ops.values():
        output = files.described[op["output"]]
        for constant in op["constants"]:
            bits = constant["layout"]["bits"], constant["layout"]["signed"]
            found.add((op["kind"], constant["role"]))
            if constant["role"] == "table" or op["kind"] == "embed":
                assert bits == (output["bits"], output["signed"])
            elif constant["role"] == "weight":
                assert bits == (case[1], False)
            elif op["kind"] == "embed_float":
                assert bits == (16, True)
            elif constant["role"] in UNSIGNED:
                most = {"mask": 1, "factors": 2, "shift": 6}.get(constant["role"], 18)
                assert not bits[1] and bits[0] <= most
            else:
                assert bits[1], constant
    assert {("table", "table"), ("linear", "weight"), ("linear", "bias")} < found


@pytest.mark.parametrize(("op", "role"), [("attn.softmax", "rom"), ("norm1", "seeds")])
def test_derived_tables_must_follow_from_the_op(bundle, tmp_path, op, role):
    """A table that is wrong in both files, with hashes that are right."""
    copy = breakable(bundle(*CASES[1]), tmp_path / "bundle")
    member = f"blocks.0.{op}/{role}"
    with np.load(copy.folder / "constants.npz") as arrays:
        kept = dict(arrays)
    kept[member][-1] ^= 1
    np.savez(copy.folder / "constants.npz", **kept)
    mem = copy.folder / f"constants/{member}.mem"
    lines = mem.read_text().splitlines()
    (constant,) = [c for item in program_oracle.Bundle(copy.folder).ops.values()
                   for c in item["constants"] if c["array"] == member]
    bits, columns = constant["layout"]["bits"], constant["layout"]["columns"]
    # The last element, and the copies of it that fill up the beat.
    for lane in range((columns - 1) % 3, 3):
        lines[-1] = f"{int(lines[-1], 16) ^ 1 << bits * lane:0{len(lines[-1])}x}"
    mem.write_text("\n".join(lines) + "\n")
    copy.rehash()
    with pytest.raises(ValueError) as caught:
        read_vectors(copy.folder)
    assert str(caught.value) == f"constants/{member}.mem is not what the op's attributes say"


@pytest.mark.parametrize(("case", "pattern", "text"), [
    (CASES[0], "*.query_key", "columns of row 17 of `tensors/blocks.0.attn.qkv.q.mem`"),
    (CASES[1], "*.query_key", "at least -2047 and at most 2047"),
    (CASES[4], "layers.0.blocks.0.attn.query_key", " of the bias, = "),
    (CASES[1], "*.act", "`constants/blocks.0.mlp.act/table.mem` is\n"),
    (CASES[1], "*.add", "saturated to 16 bits, is\n"),
    (CASES[1], "*.fc?", "products"),
    (CASES[4], "layers.0.blocks.1.attn.query_key", None),
    (CASES[1], "*.softmax", None),
])
def test_the_readme_works_what_a_page_has_room_for(model, tmp_path, case, pattern, text):
    """What it comes to is compared with the files as it is written."""
    name, weights, activations, variant = case
    quantized, batch = model(name, weights, activations)
    program = lower(quantized, variant=variant, model=name, images=batch,
                    preprocessing=PREPROCESSING)
    codes = np.random.default_rng(9).integers(0, 256, (1, *program.image.shape), dtype=np.uint8)
    write_vectors(tmp_path / "bundle", program, codes, ops=select(program, [pattern]), lanes=1)
    readme = (tmp_path / "bundle/README.md").read_text()
    assert ("## An element by hand" in readme) == (text is not None)
    assert text is None or text in readme
