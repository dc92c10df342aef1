"""vit2rtl compile: the folder that it writes, and what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.golden.engine.compiler.random_programs import random_image, random_program
from vit2rtl.golden.engine import CONFIGURATIONS
from vit2rtl.golden.engine.compiler import image_stream
from vit2rtl.golden.engine.compiler.files import FILES
from vit2rtl.golden.engine.decoding import decode
from vit2rtl.golden.engine.executor import execute
from vit2rtl.golden.program.execute import execute as golden
from vit2rtl.golden.program.reader import read_program

SMALL = CONFIGURATIONS["small"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a program that fits."""
    place = tmp_path_factory.mktemp("programs") / "random"
    random_program(11, image=(1, 8, 8)).save(place)
    return place


@pytest.fixture(scope="module")
def image(folder, tmp_path_factory):
    """Of its engine image."""
    from vit2rtl.cli import main

    place = tmp_path_factory.mktemp("images") / "random"
    with pytest.raises(SystemExit) as stopped:
        main(["compile", str(folder), "--engine", "small", "--out", str(place)])
    assert stopped.value.code == 0
    return place


def test_files(image):
    assert sorted(path.name for path in image.iterdir()) == sorted(FILES)


def test_the_stream_gives_golden_logits(folder, image):
    program = read_program(folder)
    codes = random_image(program, 1)
    stream = np.fromfile(image / "engine.bin", "<u8")
    result = execute(stream, image_stream(program, codes, SMALL), SMALL)
    want = golden(program, codes[np.newaxis])[0]
    assert result.logits[:len(want)].tolist() == want.tolist()


def test_the_order_of_the_image_stream(folder, image):
    program = read_program(folder)
    codes, order = random_image(program, 2), np.load(image / "image_order.npy")
    sent = np.where(order < 0, 0, codes.reshape(-1)[order]).astype(np.uint8)
    assert sent.tobytes() == image_stream(program, codes, SMALL)


def test_the_listing_has_every_instruction(image):
    listing = json.loads((image / "listing.json").read_text())
    stream = np.fromfile(image / "engine.bin", "<u8")
    decoded = [*decode(stream, SMALL)]
    assert len(listing["instructions"]) == len(decoded)
    for entry, one in zip(listing["instructions"], decoded, strict=True):
        assert entry["operands"] == dict(one.operands)
        assert (entry["unit"], entry["of_unit"]) == (one.unit.name.lower(), one.number)
        assert entry["waits"] == {unit.name.lower(): count for unit, count in one.waits.items()}
        assert int(stream[entry["beat"]]) & 15 == one.opcode
    lines = (image / "listing.txt").read_text().splitlines()
    assert len(lines) == len(decoded) + 1
    assert listing["cycles"] == max(entry["end"] for entry in listing["instructions"])


def test_readme(image):
    text = (image / "README.md").read_text()
    beats = len(np.fromfile(image / "engine.bin", "<u8"))
    assert f"{beats:,} beats of 64 bits ({8 * beats:,} bytes)" in text
    assert "16 beats, `tlast` with the last" in text
    assert "Take 2 beats from `m_axis_logits`" in text


def test_the_same_program_gives_the_same_bytes(command, folder, image, tmp_path):
    """Here for the first engine that it fits, which is small."""
    code, out, _ = command("compile", folder, "--out", tmp_path / "again")
    assert code == 0 and out.startswith("51 instructions, ")
    assert out.endswith(f" cycles expected of the engine small: {tmp_path / 'again'}\n")
    for path in image.iterdir():
        assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()


def test_what_does_not_fit_is_one_line(command, tmp_path):
    random_program(1, channels=66).save(tmp_path / "wide")
    code, _, error = command("compile", tmp_path / "wide", "--engine", "small", "--out",
                             tmp_path / "image")
    assert code == 2
    assert error == ("vit2rtl: op '0.attn.norm' does not fit the engine small: the number of "
                     "channels is 66, and LayerNorm has 64\n")
    assert not (tmp_path / "image").exists()


def test_what_fits_nothing_is_refused_by_the_largest(command, tmp_path):
    random_program(1, channels=770).save(tmp_path / "wide")
    code, _, error = command("compile", tmp_path / "wide", "--out", tmp_path / "image")
    assert code == 2
    assert error == ("vit2rtl: op '0.attn.norm' does not fit the engine deit-base: the number of "
                     "channels is 770, and LayerNorm has 768\n")
    assert not (tmp_path / "image").exists()


def test_a_folder_of_others_is_left_alone(command, folder, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    code, _, error = command("compile", folder, "--engine", "small", "--out", tmp_path)
    assert code == 2 and "is not empty and not a compiled image" in error


def test_programs_in_float_are_refused(command, folder, tmp_path):
    replace(read_program(folder), variant="hardware").save(tmp_path / "hardware")
    code, _, error = command("compile", tmp_path / "hardware", "--engine", "small", "--out",
                             tmp_path / "image")
    assert code == 2
    assert error == ("vit2rtl: The engine runs programs of variant integer, not hardware: "
                     "vit2rtl lower CHECKPOINT --variant integer makes one\n")


def test_cycles(command, folder, image, tmp_path):
    code, out, _ = command("cycles", folder, "--engine", "small", "--json")
    assert code == 0
    listing = json.loads((image / "listing.json").read_text())
    assert json.loads(out)["cycles"] == listing["cycles"]
    code, out, _ = command("cycles", folder, "--engine", "small", "--groups", 1, "--plot",
                           tmp_path / "timeline.png")
    assert code == 0 and " cycles an image, " in out.splitlines()[-3]
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")
