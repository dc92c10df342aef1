"""``.coe``, ``.mif`` and the C header: read by parsers of their own, and by a C compiler."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from vit2rtl.golden import BundleWriter, Instance, read_bundle
from vit2rtl.golden.units import directed_records
from vit2rtl.golden.vectors.bundle import FORMATS, convert

from .conftest import DEQUANTIZER, REQUANTIZER, refusal, write

QKV = f"{REQUANTIZER.name}/blocks.0.attn.qkv"


def parse_coe(text):
    """Words of a Xilinx COE file: ``;`` begins a comment, or ends one of its two statements."""
    text = re.sub(r"^\s*;.*$", "", text, flags=re.MULTILINE)
    statements = [part.strip() for part in text.split(";")]
    assert statements.pop() == ""
    keys, values = zip(*(statement.split("=") for statement in statements), strict=True)
    assert [key.strip().lower() for key in keys] == [
        "memory_initialization_radix",
        "memory_initialization_vector",
    ]
    radix = int(values[0])
    assert radix in (2, 10, 16)
    return [int(word, radix) for word in re.split(r"[\s,]+", values[1].strip())]


def parse_mif(text):
    """(width, words) of an Intel MIF file: ``--`` and ``%...%`` are comments; ranges allowed."""
    text = re.sub(r"--.*$|%[^%]*%", "", text, flags=re.MULTILINE)
    head, _, body = text.partition("CONTENT")
    settings = {
        key.strip(): value.strip()
        for key, value in (part.split("=") for part in head.split(";") if part.strip())
    }
    assert set(settings) == {"DEPTH", "WIDTH", "ADDRESS_RADIX", "DATA_RADIX"}
    radix = {"BIN": 2, "OCT": 8, "DEC": 10, "UNS": 10, "HEX": 16}
    lines = [line.strip() for line in body.replace("BEGIN", "", 1).split(";")]
    assert lines[-2:] == ["END", ""]
    words = [None] * int(settings["DEPTH"])
    for line in lines[:-2]:
        address, _, word = line.partition(":")
        ends = address.strip("[] ").split("..")
        bounds = [int(end, radix[settings["ADDRESS_RADIX"]]) for end in ends]
        for place in range(bounds[0], bounds[-1] + 1):
            assert words[place] is None
            words[place] = int(word, radix[settings["DATA_RADIX"]])
    assert None not in words
    return int(settings["WIDTH"]), words


@pytest.fixture(scope="module")
def converted(pristine, tmp_path_factory):
    folder = tmp_path_factory.mktemp("formats") / "bundle"
    assert convert(pristine, folder, ["c", "coe", "mif"]) == ["coe", "mif", "c"]
    return folder


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in files}


def memories(folder):
    """(file without its ending, bits, words) of every ``.mem`` file."""
    for entry in read_bundle(folder).manifest["entries"]:
        for record in entry["records"]:
            for role in ("stimulus", "expected"):
                file = record["files"][role]
                words = [int(line, 16) for line in (folder / file["file"]).read_text().split()]
                yield file["file"].removesuffix(".mem"), file["bits"], words


def test_block_memories_of_both_vendors_hold_the_same_words(converted):
    checked = 0
    for stem, bits, words in memories(converted):
        assert parse_coe((converted / f"{stem}.coe").read_text()) == words
        assert parse_mif((converted / f"{stem}.mif").read_text()) == (bits, words)
        checked += len(words)
    assert checked == 2 * (8 + 12 + 12)


def test_text_of_the_files(converted):
    folder = converted / DEQUANTIZER.name / "again"
    first = (folder / "o.mem").read_text().split()[0]
    assert (folder / "o.coe").read_text().startswith(
        f"; {DEQUANTIZER.name}, record again, expected: 12 words of 48 bits\n"
        f"memory_initialization_radix=16;\nmemory_initialization_vector=\n{first},\n"
    )
    assert (folder / "o.mif").read_text().startswith(
        f"-- {DEQUANTIZER.name}, record again, expected\nDEPTH = 12;\nWIDTH = 48;\n"
        f"ADDRESS_RADIX = UNS;\nDATA_RADIX = HEX;\nCONTENT\nBEGIN\n0 : {first};\n"
    )


def test_the_whole_bundle_still_reads_and_its_sums_are_right(converted, pristine):
    bundle = read_bundle(converted)
    assert bundle.manifest["formats"] == list(FORMATS)
    subprocess.run(
        ["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=converted, check=True
    )
    assert len(contents(converted)) == len(contents(pristine)) + 3 * 4 + 2
    assert "vectors.h                                  the same" not in (
        pristine / "README.md"
    ).read_text()
    assert "<unit instance>/vectors.h " in (converted / "README.md").read_text()


def test_converting_back_gives_the_first_bytes_again(converted, pristine, tmp_path):
    shutil.copytree(converted, tmp_path / "bundle")
    convert(tmp_path / "bundle", tmp_path / "bundle", [])
    assert contents(tmp_path / "bundle") == contents(pristine)


def test_the_writer_makes_them_too(converted, tmp_path):
    write(tmp_path / "bundle", formats=FORMATS)
    assert contents(tmp_path / "bundle") == contents(converted)


def test_a_bench_of_another_version_is_made_anew(broken):
    bench = broken.folder / DEQUANTIZER.name / "replay.sv"
    right = bench.read_text()
    bench.write_text("// an older one\n")
    broken.rehash()
    convert(broken.folder, broken.folder, [])
    assert bench.read_text() == right
    assert read_bundle(broken.folder).entries


def test_an_edited_file_of_another_format_is_refused(converted, broken):
    shutil.rmtree(broken.folder)
    shutil.copytree(converted, broken.folder)
    file = f"{QKV}/i.coe"
    text = (broken.folder / file).read_text()
    (broken.folder / file).write_text(text.replace(",\n", ",\n0", 1))
    broken.rehash()
    assert refusal(broken.folder).startswith(f"{file} is not what this version makes of ")


@pytest.mark.parametrize(
    ("formats", "message"),
    [
        (["hex"], "manifest.json: Format must be one of coe, mif, c, not 'hex'"),
        ("coe", "manifest.json: 'formats' must be a list, each once, not 'coe'"),
        (["c", "c"], "manifest.json: 'formats' must be a list, each once, not ['c', 'c']"),
    ],
)
def test_formats_that_there_are_not(broken, formats, message):
    broken.edit(lambda manifest: manifest.update(formats=formats))
    broken.rehash()
    assert refusal(broken.folder) == message


def test_a_format_that_the_writer_does_not_know(tmp_path):
    with pytest.raises(ValueError) as caught:
        BundleWriter(tmp_path, {}, formats=["hex"])
    assert str(caught.value) == "Format must be one of coe, mif, c, not 'hex'"


needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")


def compiled(folder, header, program):
    """Runs a C program that includes a header; its exit status."""
    (folder / "main.c").write_text(program)
    command = ["gcc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-I", header.parent]
    subprocess.run([*command, folder / "main.c", "-o", folder / "main"], check=True)
    return subprocess.run([folder / "main"], timeout=60).returncode


# Eq. 19 in C, written from the definition: the square of the value, by integer square root.
DEQUANTIZE = """
#include "vectors.h"
#include <stdint.h>

static uint64_t root(uint64_t square) {
    uint64_t value = 0;
    while ((value + 1) * (value + 1) <= square) value++;
    return value;
}

int main(void) {
    uint32_t checked = 0;
    for (int r = 0; r < PREFIX_RECORDS; r++) {
        const struct prefix_record *record = &prefix_records[r];
        for (uint32_t e = 0; e < record->elements; e++, checked++) {
            uint64_t value = record->code[e] == ZERO ? 0
                : root((UINT64_C(1) << 2 * (PREFIX_WIDTH - 1)) >> record->code[e]);
            if (value != record->expected_value[e]) return 1;
        }
    }
    return checked == CHECKED ? 0 : 2;
}
"""


@needs_gcc
def test_a_c_program_dequantizes_the_vectors(converted, tmp_path):
    program = DEQUANTIZE.replace("PREFIX", DEQUANTIZER.name.upper())
    program = program.replace("prefix", DEQUANTIZER.name)
    program = program.replace("ZERO", "16").replace("CHECKED", "72")
    header = converted / DEQUANTIZER.name / "vectors.h"
    assert compiled(tmp_path, header, program) == 0
    (tmp_path / "vectors.h").write_text(header.read_text().replace("23170", "23171", 1))
    assert compiled(tmp_path, tmp_path / "vectors.h", program) == 1


# R1 in C; the shift of a negative number is arithmetic with every compiler that matters.
REQUANTIZE = """
#include "vectors.h"

int main(void) {
    for (int r = 0; r < PREFIX_RECORDS; r++) {
        const struct prefix_record *record = &prefix_records[r];
        for (uint32_t e = 0; e < record->elements; e++) {
            int shift = record->shift_base + record->shift[e];
            int64_t product = (int64_t)record->acc[e] * record->multiplier[e];
            int64_t code = ((product + (INT64_C(1) << (shift - 1))) >> shift) + record->zero_point;
            if (code < 0) code = 0;
            if (code > (1 << PREFIX_BITS) - 1) code = (1 << PREFIX_BITS) - 1;
            if (code != record->expected_code[e]) return 1;
        }
    }
    return 0;
}
"""


@needs_gcc
def test_the_widest_numbers_are_c_constants(tmp_path):
    instance = Instance.of("requantizer", acc_width=32, zero_point_width=32)
    with BundleWriter(tmp_path / "bundle", {}, formats=["c"]) as writer:
        for record in directed_records(instance):
            writer.add(instance, **record)
        low = np.array([-(2**31) + 1, 2**31 - 1])
        ends = {"acc": low, "multiplier": np.array([0, 1]), "shift": np.array([0, 0])}
        for number, zero_point in enumerate((-(2**31), 2**31 - 1)):
            configuration = {"shift_base": 1, "zero_point": zero_point}
            writer.add(
                instance,
                record=f"ends.{number}",
                layer="",
                kind="directed",
                inputs=ends,
                outputs=instance.evaluate(ends, configuration),
                configuration=configuration,
            )
    header = tmp_path / "bundle" / instance.name / "vectors.h"
    assert "(-2147483647 - 1)" in header.read_text()
    program = REQUANTIZE.replace("PREFIX", instance.name.upper()).replace("prefix", instance.name)
    assert compiled(tmp_path, header, program) == 0
