"""Manifests and checksum lists that are not what they should be."""

import pytest

from vit2rtl.golden.units import UNITS

from .conftest import DEQUANTIZER, refusal

UNIT = DEQUANTIZER.name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"{",
            "manifest.json is not JSON: Expecting property name enclosed in double quotes: "
            "line 1 column 2 (char 1)",
        ),
        (b"[" * 100000, "manifest.json is not JSON: nested too deeply"),
        (b"\xff\xfe", "manifest.json is not UTF-8 text"),
        (b"[]", "manifest.json must be a JSON object, not list"),
        (b"{}", "manifest.json lacks 'schema'"),
        (b'{"schema": 1}', "manifest.json has schema 1; this version reads"),
        (
            b'{"schema": "vit2rtl.vectors/3"}',
            "manifest.json has schema 'vit2rtl.vectors/3'; this version reads 'vit2rtl.vectors/2'",
        ),
        (b'{"schema": "vit2rtl.vectors/2"}', "manifest.json lacks 'entries'"),
    ],
    ids=lambda value: value[:9] if isinstance(value, bytes) else "",
)
def test_a_malformed_manifest(broken, content, message):
    (broken.folder / "manifest.json").write_bytes(content)
    assert refusal(broken.folder).startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("abc  README.md\n", "SHA256SUMS, line 1 is not a SHA-256 and a file: 'abc  README.md'"),
        (f"{'0' * 64}  README.md\n", "SHA256SUMS does not list manifest.json"),
        (f"{'0' * 64}  manifest.json\n", "SHA256SUMS does not list requantizer_l4_aw18/replay.sv"),
    ],
)
def test_malformed_sums(broken, content, message):
    (broken.folder / "SHA256SUMS").write_text(content)
    assert refusal(broken.folder) == message


def entry_of(manifest):
    return manifest["entries"][1]


def record_of(manifest):
    return manifest["entries"][1]["records"][0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda m: entry_of(m).update(unit="softmax"),
            f"manifest.json, {UNIT}: Unit must be one of {', '.join(UNITS)}, not 'softmax'",
        ),
        (
            lambda m: entry_of(m)["parameters"].update(depth=3),
            f"manifest.json, {UNIT}: Log2Dequantizer has no parameter 'depth'; "
            "it has lanes, bits, width, zero_code",
        ),
        (
            lambda m: entry_of(m)["parameters"].update(lanes="3"),
            f"manifest.json, {UNIT}: Lanes must be an integer, not '3'",
        ),
        (
            lambda m: entry_of(m)["parameters"].update(lanes=4),
            f"manifest.json, {UNIT}: its parameters make it 'log2_dequantizer_l4_zcextra'",
        ),
        (lambda m: m["entries"].append(m["entries"][1]), f"manifest.json has two entries {UNIT!r}"),
        *(
            (
                lambda m, rows=rows, columns=columns: record_of(m)["files"]["stimulus"].update(
                    rows=rows, columns=columns),
                f"manifest.json, {UNIT}, directed.every_code: stream i cannot have {rows} rows of "
                f"{columns}",
            )
            for rows, columns in ((0, 36), (1, 0), (2, 18), (-1, -36))
        ),
        (
            lambda m: record_of(m)["files"]["stimulus"].update(columns=35),
            f"manifest.json, {UNIT}, directed.every_code: its streams do not have 36 elements",
        ),
        (
            lambda m: entry_of(m)["records"].append(record_of(m)),
            f"manifest.json, {UNIT} has two records 'directed.every_code'",
        ),
        (
            lambda m: record_of(m).update(record="a/b"),
            f"manifest.json, {UNIT}, a/b: Record name must be at most 120 letters, digits, dots, "
            "dashes and underscores, not 'a/b'",
        ),
        (
            lambda m: record_of(m).update(kind="random"),
            f"manifest.json, {UNIT}, directed.every_code: kind must be one of model, directed, "
            "not 'random'",
        ),
        (
            lambda m: record_of(m).update(beats=11),
            f"manifest.json, {UNIT}, directed.every_code: 36 elements are not 11 beats",
        ),
        (
            lambda m: record_of(m).update(elements=True),
            f"manifest.json, {UNIT}, directed.every_code: 'elements' must be of type int, not True",
        ),
        (
            lambda m: record_of(m).pop("layer"),
            f"manifest.json, {UNIT}, directed.every_code lacks 'layer'",
        ),
        (
            lambda m: record_of(m)["tensors"][0].update(bits=4),
            f"manifest.json, {UNIT}, directed.every_code: its tensors are not those of {UNIT}",
        ),
        (
            lambda m: m["entries"][0]["records"][0]["configuration"].update(zero_point=16),
            "manifest.json, requantizer_l4_aw18, blocks.0.attn.qkv: "
            "Field 'zero_point' must be between -16 and 15, not 16",
        ),
        (
            lambda m: m["entries"][0]["records"][0]["configuration"].pop("shift_base"),
            "manifest.json, requantizer_l4_aw18, blocks.0.attn.qkv, configuration "
            "lacks 'shift_base'",
        ),
        (lambda m: m.update(entries={}), "manifest.json: 'entries' must be of type list, not {}"),
        (lambda m: m.update(entries=[]), "manifest.json: 'entries' must not be empty"),
        (
            lambda m: entry_of(m).update(records=[]),
            f"manifest.json, {UNIT}: 'records' must not be empty",
        ),
        (
            lambda m: record_of(m)["tensors"][0]["packing"].update(offset=1),
            f"manifest.json, {UNIT}, directed.every_code: its tensors are not those of {UNIT}",
        ),
    ],
)
def test_a_wrong_manifest(broken, change, message):
    broken.edit(change)
    assert refusal(broken.folder) == message
