import pytest

from vit2rtl.golden.files import documents

KIND = {"kind": "thing", "description": "thing's description"}


def test_the_object_is_returned(tmp_path):
    (tmp_path / "it.json").write_text('{"schema": "it/1", "more": [1]}')
    assert documents.read(tmp_path, "it.json", "it/1", **KIND) == {"schema": "it/1", "more": [1]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "{folder} is not a thing: it has no it.json"),
        ("{", "{path} is not a thing's description (JSONDecodeError("),
        ("[]", "{path} is not a thing's description (TypeError("),
        ("{}", "{path} is not a thing's description (KeyError('schema'))"),
        ("[" * 100_000, "{path} is not a thing's description (RecursionError("),
        ('{"schema": "it/2"}', "{path} has schema 'it/2'; this version reads 'it/1'"),
    ],
)
def test_what_is_not_one_gets_its_sentence(text, said, tmp_path):
    path = tmp_path / "it.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError) as error:
        documents.read(tmp_path, "it.json", "it/1", **KIND)
    assert str(error.value).startswith(said.format(folder=tmp_path, path=path))


def test_file_digests_are_those_of_the_bytes(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    assert documents.sha256(path) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert documents.sha256_of(b"abc") == documents.sha256(path)


@pytest.mark.parametrize(("text", "schema"), [
    (None, None), ("{", None), ("[]", None), ("{}", None), ("[" * 100_000, None),
    ('{"schema": 1}', None), ('{"schema": "it/2"}', "it/2"),
])
def test_the_schema_of_any_file(text, schema, tmp_path):
    path = tmp_path / "it.json"
    if text is not None:
        path.write_text(text)
    assert documents.schema_of(path) == schema
