"""Arrays that grow on disk, and records that are written from them piece by piece."""

from pathlib import Path

import numpy as np
import pytest

from vit2rtl.golden import BundleWriter, Instance
from vit2rtl.golden.vectors import bundle_pieces
from vit2rtl.golden.vectors.spool import Spool

from .conftest import qkv


@pytest.fixture
def spooled(tmp_path):
    def spool(array, dtype=np.int32):
        made = Spool(tmp_path / f"{array.ndim}-{np.dtype(dtype)}", dtype)
        for part in np.array_split(array, 3):
            made.append(part)
        return made.array()

    return spool


def test_what_was_appended_is_read_by_rows(spooled):
    array = np.arange(-60, 60).reshape(5, 4, 6)
    held = spooled(array)
    assert (held.shape, held.rows) == ((5, 4, 6), 20)
    assert np.array_equal(held, array)
    assert np.array_equal(held.read(3, 7), array.reshape(20, 6)[3:7])


def test_columns_and_what_stands_for_an_element(spooled):
    from dataclasses import replace

    array = np.arange(24).reshape(4, 6)
    held = spooled(array, np.uint8)
    part = replace(held, columns=slice(2, 5), table=np.arange(24) ** 2)
    assert part.shape == (4, 3)
    assert np.array_equal(part, array[:, 2:5] ** 2)


def test_numbers_that_do_not_fit_are_refused(tmp_path):
    for values in ([-1], [256], [-1, 5], [5, 256]):
        with pytest.raises(ValueError, match=r"^x: elements do not fit uint8$"):
            Spool(tmp_path / "x", np.uint8).append(np.array([values]))
    spool = Spool(tmp_path / "x", np.uint8)
    for values in ([0, 255], [255, 255]):
        spool.append(np.array([values]))
    assert np.asarray(spool.array()).tolist() == [[0, 255], [255, 255]]
    assert np.asarray(spool.array(), dtype=np.int64).dtype == np.int64


@pytest.mark.parametrize("lanes", [1, 3, 4, 64])
def test_a_record_of_pieces_is_the_record(lanes, spooled, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle_pieces, "_PIECE", 7)
    instance = Instance.of("requantizer", lanes=lanes, acc_width=18)
    record = qkv()
    given = {
        "whole": record,
        "pieces": record | {
            "inputs": record["inputs"] | {"acc": spooled(np.asarray(record["inputs"]["acc"]))},
            "outputs": {"code": spooled(np.asarray(record["outputs"]["code"]), np.uint8)},
        },
    }
    for name, arguments in given.items():
        with BundleWriter(tmp_path / name, None) as writer:
            writer.add(instance, **arguments)
    for path in filter(Path.is_file, (tmp_path / "whole").rglob("*")):
        other = tmp_path / "pieces" / path.relative_to(tmp_path / "whole")
        assert other.read_bytes() == path.read_bytes(), path


def test_pieces_fill_whole_beats(spooled, tmp_path, monkeypatch):
    """Of 11 rows of 5 elements no fewer than 4 are 5 beats of 4 lanes."""
    monkeypatch.setattr(bundle_pieces, "_PIECE", 7)
    code = np.arange(55).reshape(11, 5) % 15
    instance = Instance.of("log2_dequantizer")
    with BundleWriter(tmp_path / "bundle", None) as writer:
        writer.add(instance, record="r", layer="r", kind="model",
                   inputs={"code": spooled(code, np.uint8)},
                   outputs={"value": spooled(instance.evaluate({"code": code}, {})["value"])})
    words = (tmp_path / "bundle" / instance.name / "r/i.mem").read_text().split()
    codes = [int(digit, 16) for word in words for digit in reversed(word)]
    assert codes == [*code.reshape(-1), code[-1, -1]]


def test_a_wrong_piece_is_named_and_leaves_nothing(spooled, tmp_path, monkeypatch):
    monkeypatch.setattr(bundle_pieces, "_PIECE", 7)
    instance, record = Instance.of("requantizer", lanes=1, acc_width=18), qkv()
    code = np.array(record["outputs"]["code"])
    code[-1, 2] ^= 1
    wrong = record | {"inputs": record["inputs"] | {"acc": spooled(record["inputs"]["acc"])},
                      "outputs": {"code": spooled(code, np.uint8)}}
    with BundleWriter(tmp_path / "bundle", None) as writer:
        with pytest.raises(ValueError, match=r"from row 4 on, element 2: golden code is "):
            writer.add(instance, **wrong)
        writer.add(instance, **record)
