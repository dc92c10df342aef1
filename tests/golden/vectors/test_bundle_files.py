"""Members of archives, lists of hashes, manifests: each opened by itself and trusted in nothing."""

import io
import zipfile

import numpy as np
import pytest

from vit2rtl.golden.vectors import bundle_files

DIGEST = "0" * 64


@pytest.fixture
def archive(tmp_path):
    """A file with one array, ``x``, written by :func:`bundle_files.array_stream`."""
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as written, bundle_files.array_stream(written, "x") as stream:
        np.lib.format.write_array(stream, np.arange(6, dtype=np.int16).reshape(2, 3))
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_an_array_is_read_as_it_was_written(archive):
    array = bundle_files.read_array(archive, "x")
    assert (array.dtype, array.tolist()) == (np.int16, [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize(("attribute", "value", "text"), [
    ("compress_type", zipfile.ZIP_DEFLATED, "x is compressed or encrypted"),
    ("flag_bits", 1, "x is compressed or encrypted"),
    ("compress_size", 1, "x is compressed or encrypted"),
    ("header_offset", 10**6, "x is cut off"),
])
def test_a_member_that_is_not_as_it_lies_there(archive, attribute, value, text):
    setattr(archive.getinfo("x.npy"), attribute, value)
    with pytest.raises(ValueError) as raised:
        bundle_files.opened_array(archive, "x")
    assert str(raised.value) == text


def test_other_flags_are_of_no_account(archive):
    archive.getinfo("x.npy").flag_bits |= 0x802
    assert bundle_files.read_array(archive, "x").size == 6


def npy(header, version=b"\x01\x00"):
    text = header.encode() + b"\n"
    return io.BytesIO(b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text)


def described(shape, order="False", dtype="<i2"):
    return f"{{'descr': {dtype!r}, 'fortran_order': {order}, 'shape': {shape}, }}"


@pytest.mark.parametrize(("header", "want"), [
    (described("(2, 3)"), ((2, 3), False, np.int16)),
    (described("(0, 3)"), ((0, 3), False, np.int16)),
    (described("()", "True", "<f8"), ((), True, np.float64)),
])
def test_headers(header, want):
    assert bundle_files.read_header(npy(header)) == want


@pytest.mark.parametrize(("stream", "text"), [
    (npy(described("(2,)"), b"\x02\x00"), "its header is not of version 1.0"),
    (npy(described("(2, -1)")), "its header states the shape [2, -1]"),
    (npy(described("(2,)", dtype="|O")),
     "its elements are Python objects, which only a pickle holds"),
    (npy("{[]: 1}"), "its header cannot be read"),
])
def test_headers_that_are_refused(stream, text):
    with pytest.raises(ValueError) as raised:
        bundle_files.read_header(stream)
    assert str(raised.value) == text


@pytest.mark.parametrize("line", ["0" * 63 + "  x", "0" * 65 + "  x", DIGEST, f"{DIGEST}  ",
                                  f"{DIGEST} x"])
def test_lines_that_are_no_hash_and_file(tmp_path, line):
    (tmp_path / "SHA256SUMS").write_text(f"{DIGEST}  manifest.json\n{line}\n")
    with pytest.raises(ValueError) as raised:
        bundle_files.read_sums(tmp_path)
    assert str(raised.value) == f"SHA256SUMS, line 2 is not a SHA-256 and a file: {line!r}"


def test_hashes_that_are_no_text(tmp_path):
    (tmp_path / "SHA256SUMS").write_bytes(b"\xff")
    with pytest.raises(ValueError, match=r"^SHA256SUMS is not UTF-8 text$"):
        bundle_files.read_sums(tmp_path)


@pytest.mark.parametrize("file", ["/x", "../x", "a/../x", "a\\x", "C:x"])
def test_files_outside(tmp_path, file):
    (tmp_path / "SHA256SUMS").write_text(f"{DIGEST}  manifest.json\n{DIGEST}  {file}\n")
    with pytest.raises(ValueError) as raised:
        bundle_files.read_sums(tmp_path)
    assert str(raised.value) == f"SHA256SUMS: {file!r} is outside the bundle"


@pytest.mark.parametrize(("mapping", "kind", "text"), [
    ("text", int, "here must be a JSON object, not str"),
    ({}, int, "here lacks 'key'"),
    ({"key": "1"}, int, "here: 'key' must be of type int, not '1'"),
    ({"key": True}, int, "here: 'key' must be of type int, not True"),
    ({"key": 1}, bool, "here: 'key' must be of type bool, not 1"),
])
def test_members_of_a_manifest_that_are_refused(mapping, kind, text):
    with pytest.raises(ValueError) as raised:
        bundle_files.get(mapping, "key", kind, "here")
    assert str(raised.value) == text


def test_members_of_a_manifest():
    assert bundle_files.get({"key": True}, "key", bool, "here") is True
    assert bundle_files.get({"key": 3}, "key", int, "here") == 3
    assert bundle_files.get({"key": None}, "key", object, "here") is None


def test_the_first_name_that_is_there_twice():
    assert bundle_files.duplicate_of(["a", "b", "c", "b", "a"]) == "b"
    assert bundle_files.duplicate_of(["a", "b"]) is None
