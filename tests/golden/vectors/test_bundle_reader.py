"""Reading bundles, and the sentence for every way in which one can be wrong."""

import io
import re
import zipfile

import numpy as np
import pytest

from vit2rtl.golden import read_bundle

from .conftest import REQUANTIZER, qkv, refusal

UNIT = "log2_dequantizer_l3_zcextra"
CODES = f"{UNIT}/directed.every_code"
QKV = "requantizer_l4_aw18/blocks.0.attn.qkv"


def test_what_was_written_is_read(pristine):
    bundle = read_bundle(str(pristine))
    requantizer, dequantizer = bundle.entries
    (record,) = requantizer.records
    assert (record.name, record.layer, record.kind) == (*["blocks.0.attn.qkv"] * 2, "model")
    assert (record.beats, record.elements) == (8, 30)
    assert record.configuration == {"shift_base": 28, "zero_point": 7}
    assert requantizer.bench == pristine / "requantizer_l4_aw18/replay.sv"
    assert record.stimulus == pristine / QKV / "i.mem"
    assert record.expected == pristine / QKV / "o.mem"
    for name, values in qkv()["inputs"].items():
        flat = np.broadcast_to(values, (5, 6)).reshape(-1)
        np.testing.assert_array_equal(record.inputs()[name], flat)
        np.testing.assert_array_equal(record.tensors()[name], values)
    np.testing.assert_array_equal(record.outputs()["code"], qkv()["outputs"]["code"].reshape(-1))
    assert [record.name for record in dequantizer.records] == ["directed.every_code", "again"]
    assert bundle.manifest["provenance"]["model"] == "none"


def test_not_a_bundle(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path} is not a bundle: it has no manifest.json"
    assert refusal(tmp_path / "none") == (
        f"{tmp_path / 'none'} is not a bundle: it has no manifest.json"
    )


@pytest.mark.parametrize(
    "file",
    ["README.md", f"{UNIT}/replay.sv", f"{QKV}/i.mem", f"{QKV}/o.mem", f"{QKV}/tensors.npz"],
)
def test_a_missing_file(broken, file):
    (broken.folder / file).unlink()
    assert refusal(broken.folder) == f"{file} is missing"


def test_a_memory_file_that_links_to_itself(broken):
    (broken.folder / QKV / "i.mem").unlink()
    (broken.folder / QKV / "i.mem").symlink_to("i.mem")
    assert refusal(broken.folder) == (
        f"{broken.folder / QKV / 'i.mem'} is a link that leads back to itself")


def test_missing_sums(broken):
    (broken.folder / "SHA256SUMS").unlink()
    assert refusal(broken.folder) == "SHA256SUMS is missing"


@pytest.mark.parametrize(
    "file",
    ["README.md", "manifest.json", f"{UNIT}/replay.sv", f"{QKV}/i.mem", f"{QKV}/tensors.npz"],
)
def test_a_wrong_hash(broken, file):
    path = broken.folder / file
    content = path.read_bytes()
    path.write_bytes(content.replace(b"1", b"2", 1) if file.endswith("mem") else content + b"\n")
    message = (
        rf"{re.escape(file)} has SHA-256 [0-9a-f]{{64}}, not [0-9a-f]{{64}} as SHA256SUMS says"
    )
    assert re.fullmatch(message, refusal(broken.folder))


def test_sums_and_manifest_disagree(broken):
    def change(manifest):
        manifest["entries"][1]["bench"]["sha256"] = "0" * 64

    broken.edit(change)
    assert refusal(broken.folder) == (
        f"{UNIT}/replay.sv has one SHA-256 in manifest.json and another in SHA256SUMS"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-5], "{} has 11 beats, not 12"),
        (lambda text: text + text[:5], "{} has 13 beats, not 12"),
        (lambda text: "0" + text, "{}: Line 1 must have 4 digits, not 5"),
        (lambda text: text.rstrip("\n"), "{}: Line 12 must end with a newline"),
    ],
)
def test_a_wrong_length(broken, change, message):
    file = f"{CODES}/i.mem"
    text = (broken.folder / file).read_text()
    assert len(text) == 12 * 5
    (broken.folder / file).write_text(change(text))
    assert refusal(broken.folder) == message.format(file)


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("i.mem", "7fff", "Field 'code' must be between 0 and 16, not 31"),
        ("i.mem", "0011", "Field 'code' must be between 0 and 16, not 17"),
        ("i.mem", "8000", "Line 1 must be below 2**15"),
        ("i.mem", "00x0", "Line 1 must be hexadecimal digits only"),
        ("i.mem", "    ", "Line 1 must be hexadecimal digits only"),
    ],
)
def test_a_value_out_of_range(broken, file, line, message):
    path = broken.folder / CODES / file
    path.write_text(line + path.read_text()[len(line) :])
    broken.rehash()
    assert refusal(broken.folder) == f"{CODES}/{file}: {message}"


def test_arrays_that_are_not_the_mem_file(broken):
    path = broken.folder / QKV / "o.mem"
    text = path.read_text()
    path.write_text(("1" if text[0] == "0" else "0") + text[1:])
    broken.rehash()
    assert refusal(broken.folder) == f"{QKV}/tensors.npz: expected_code differs from the .mem file"


def npz(save=np.savez, **arrays):
    stream = io.BytesIO()
    save(stream, **arrays)
    return stream.getvalue()


def archive(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as written:
        for name, data in members.items():
            written.writestr(name, data)
    return stream.getvalue()


def claiming(shape, *, size=None):
    """An archive whose array ``code`` has one byte and states another shape.

    size   bytes that the archive's own directory states for the elements
    """
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    member = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\x07"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", allowZip64=True) as written:
        written.writestr("code.npy", member)
        written.writestr("expected_value.npy", member)
        if size is not None:
            for info in written.filelist:
                info.file_size = info.compress_size = len(member) - 1 + size
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"nothing", "is not a plain .npz file: File is not a zip file"),
        (
            npz(code=np.array([{}]), expected_value=np.array([0])),
            "is not a plain .npz file: its elements are Python objects, which only a pickle holds",
        ),
        (npz(code=np.array([0])), "has arrays ['code'], not ['code', 'expected_value']"),
        (
            npz(code=np.arange(4), expected_value=np.arange(36)),
            "code has shape [4], not [36]",
        ),
        (
            claiming((10**11,)),
            "is not a plain .npz file: code has 1 bytes, not the 100000000000 of uint8"
            "[100000000000]",
        ),
        (claiming((10**11,), size=10**11), "is not a plain .npz file: code is cut off"),
        (claiming((-1,)), "is not a plain .npz file: its header states the shape [-1]"),
        (
            claiming("-" * 9000 + "1"),
            "is not a plain .npz file: its header cannot be read",
        ),
        (
            npz(np.savez_compressed, code=np.zeros(9), expected_value=np.zeros(9)),
            "is not a plain .npz file: code is compressed or encrypted",
        ),
        (
            archive({"code.txt": b"1", "expected_value.npy": b"1"}),
            "is not a plain .npz file: it has no code.txt.npy",
        ),
    ],
    ids=["no archive", "pickle", "array missing", "shapes", "huge", "huge archive", "negative",
         "nested", "compressed", "no array"],
)
def test_arrays_that_cannot_be(broken, content, message):
    file = f"{CODES}/tensors.npz"
    (broken.folder / file).write_bytes(content)
    broken.rehash()
    assert refusal(broken.folder) in (f"{file} {message}", f"{file}: {message}")


@pytest.mark.parametrize("file", ["../outside.mem", "/etc/passwd", f"{UNIT}/../../x", "C:\\x"])
def test_a_path_outside_the_bundle(broken, file):
    def change(manifest):
        manifest["entries"][1]["records"][0]["files"]["stimulus"]["file"] = file

    (broken.folder.parent / "outside.mem").write_text("0\n")
    broken.edit(change)
    assert refusal(broken.folder) == (
        f"manifest.json, {UNIT}, directed.every_code: {file!r} is outside the bundle"
    )


def test_a_path_outside_the_bundle_in_the_sums(broken):
    with open(broken.folder / "SHA256SUMS", "a") as sums:
        sums.write(f"{'0' * 64}  ../secret\n")
    assert refusal(broken.folder) == "SHA256SUMS: '../secret' is outside the bundle"


def test_a_link_that_leaves_the_bundle(broken):
    outside = broken.folder.parent / "outside.mem"
    (broken.folder / CODES / "i.mem").rename(outside)
    (broken.folder / CODES / "i.mem").symlink_to(outside)
    assert refusal(broken.folder) == (
        f"SHA256SUMS: '{CODES}/i.mem' is a link that leaves the bundle"
    )


def test_arrays_are_stored_with_a_fixed_date(pristine):
    with zipfile.ZipFile(pristine / QKV / "tensors.npz") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def record_of(manifest):
    return manifest["entries"][0]["records"][0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda r: r["configuration"].update(zero_point=6),
            f"manifest.json, {REQUANTIZER.name}, blocks.0.attn.qkv: "
            "tensor 'code' has zero point 7, the configuration 6",
        ),
        (
            lambda r: [part.update(zero_point=6) for part in (r["configuration"], r["tensors"][3])],
            f"{REQUANTIZER.name}/replay.sv is not what this version makes of the vectors and the "
            "manifest: one of them was edited, or another version wrote it, and "
            "`vit2rtl vectors BUNDLE --out NEW` writes it anew",
        ),
        (
            lambda r: r["configuration"].update(rounding=1),
            f"manifest.json, {REQUANTIZER.name}, blocks.0.attn.qkv: {REQUANTIZER.name} has no "
            "configuration 'rounding'",
        ),
        (
            lambda r: r["tensors"][0].update(shape=[6, 5]),
            f"{QKV}/tensors.npz: acc has shape [5, 6], not [6, 5]",
        ),
    ],
    ids=["zero point", "zero point everywhere", "setting", "shape"],
)
def test_a_manifest_edited_with_its_hashes(broken, change, message):
    broken.edit(lambda manifest: change(record_of(manifest)))
    broken.rehash()
    assert refusal(broken.folder) == message


@pytest.mark.parametrize(("place", "key", "value", "said"), [
    (lambda e: e["bench"], "file", f"{CODES}/pass.sv",
     f"{UNIT}, bench: 'file' must be '{UNIT}/replay.sv', not '{CODES}/pass.sv'"),
    (lambda e: e["records"][0]["files"]["expected"], "file", f"{CODES}/pass.sv",
     f"{UNIT}, directed.every_code, o: 'file' must be '{CODES}/o.mem', not '{CODES}/pass.sv'"),
    (lambda e: e["records"][0]["files"]["arrays"], "file", f"{CODES}/pass.sv",
     f"{UNIT}, directed.every_code: 'file' must be '{CODES}/tensors.npz', "
     f"not '{CODES}/pass.sv'"),
    (lambda e: e["records"][0]["files"]["stimulus"], "bits", 99,
     f"{UNIT}, directed.every_code, i: 'bits' must be 15, not 99"),
    (lambda e: e["records"][0]["files"]["stimulus"], "digits", 99,
     f"{UNIT}, directed.every_code, i: 'digits' must be 4, not 99"),
    (lambda e: e, "roms", [{"name": "x", "file": f"{CODES}/pass.sv", "sha256": ""}],
     f"{UNIT}: 'roms' are not those of its unit"),
])
def test_what_a_bundle_runs_is_not_the_manifests_choice(place, key, value, said, broken):
    (broken.folder / CODES / "pass.sv").write_text("module pass; endmodule\n")
    broken.edit(lambda manifest: place(manifest["entries"][1]).update({key: value}))
    broken.rehash()
    assert refusal(broken.folder) == f"manifest.json, {said}"


def test_a_bench_edited_with_its_hashes(broken):
    bench = broken.folder / UNIT / "replay.sv"
    bench.write_text(bench.read_text().replace("mismatches = mismatches + 1", "mismatches = 0"))
    broken.rehash()
    assert refusal(broken.folder).startswith(f"{UNIT}/replay.sv is not what this version makes of ")
