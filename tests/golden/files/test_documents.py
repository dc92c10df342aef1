import pytest

from vit2rtl.golden.files import documents


def test_the_object_is_returned(tmp_path):
    (tmp_path / "it.json").write_text('{"schema": "it/1", "more": [1]}')
    document = documents.read(tmp_path, "it.json", "it/1", kind="thing")
    assert document == {"schema": "it/1", "more": [1]}


def test_messages_may_call_the_file_by_another_name(tmp_path):
    (tmp_path / "it.json").write_text("{}")
    with pytest.raises(ValueError, match=r"^the file lacks 'schema'$"):
        documents.read(tmp_path, "it.json", "it/1", kind="thing", where="the file")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "{folder} is not a thing: it has no it.json"),
        (b"{", "{path} is not JSON: Expecting property name enclosed in double quotes"),
        (b"\xff\xfe", "{path} is not UTF-8 text"),
        (b"[]", "{path} must be a JSON object, not list"),
        (b"{}", "{path} lacks 'schema'"),
        (b'{"scale": NaN}', "{path} is not JSON: NaN is no number of JSON"),
        (b'{"scale": -Infinity}', "{path} is not JSON: -Infinity is no number of JSON"),
        (b'{"scale": ' + b"9" * 5000 + b"}", "{path} is not JSON: Exceeds the limit"),
        (b"[" * 100_000, "{path} is not JSON: nested too deeply"),
        (b'{"schema": "it/2"}', "{path} has schema 'it/2'; this version reads 'it/1'"),
        (b'{"schema": 1}', "{path} has schema 1; this version reads 'it/1'"),
    ],
)
def test_what_is_not_one_gets_its_sentence(text, message, tmp_path):
    path = tmp_path / "it.json"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(ValueError) as error:
        documents.read(tmp_path, "it.json", "it/1", kind="thing")
    assert str(error.value).startswith(message.format(folder=tmp_path, path=path))


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
