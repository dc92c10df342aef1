"""The documents tell the truth: their Python runs, their commands and options exist."""

import gc
import os
import re
from xml.etree import ElementTree

import click
import numpy as np
import pytest

from vit2rtl import cli
from vit2rtl.commands import options
from vit2rtl.golden import Instance
from vit2rtl.models.embedded import MODEL_NAME

from .documents import DOCUMENTS, LANGUAGES, ROOT, anchors, blocks, calls, commands, links, spans

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z][\w/-]*):", MAKEFILE, re.MULTILINE)
# Enough to calibrate with and to see a command work; the embedded model has thousands.
IMAGES = 64

# Pages whose blocks follow from each other have a test of their own that runs them in order.
IN_ORDER = {"docs/ci.md", "docs/explore.md", "docs/tutorial.md"}

each_document = pytest.mark.parametrize("name", DOCUMENTS)
each_in_parts = pytest.mark.parametrize("name", sorted(DOCUMENTS.keys() - IN_ORDER))


def prepare_vectors(scope, snippets):
    """docs/vectors.md reads a bundle first and writes one last: write it with made-up numbers."""
    scope["acc"] = np.array([[-500, 99], [7, -7]])
    scope["multiplier"], scope["shift"] = np.array([40960, 51200]), np.array([0, 2])
    instance = Instance.of("requantizer", lanes=2, acc_width=18)
    inputs = {field: scope[field] for field in ("acc", "multiplier", "shift")}
    scope["code"] = instance.evaluate(inputs, {"shift_base": 22, "zero_point": 8})["code"]
    execute("docs/vectors.md", snippets[-1], scope)


PREPARATIONS = {"docs/vectors.md": prepare_vectors}


def execute(name, block, scope):
    """Run a block of Python; a traceback shows the document's own lines."""
    code = "\n" * (block.line - 1) + block.text
    exec(compile(code, ROOT / name, "exec"), scope)


@pytest.fixture
def run(capsys):
    """``run(*arguments)`` of vit2rtl, which must exit with 0."""

    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            cli.main(list(arguments))
        assert stopped.value.code == 0, capsys.readouterr().err

    return run


@pytest.fixture
def parse(run, monkeypatch):
    """``parse(*arguments)``: the command's context, checked but not run; None for ``--help``."""

    def parse(*arguments):
        contexts = []
        with monkeypatch.context() as patch:
            patch.setattr(click.Command, "invoke", lambda self, context: contexts.append(context))
            run(*arguments)
        return contexts[-1] if contexts else None

    return parse


class Offline:
    """Picks the commands that need no images and no weights but the embedded model's."""

    def __init__(self):
        self.checkpoints, self.programs, self.bundles = set(), set(), set()

    def can_run(self, context):
        if context is None or context.params.get("folder") or context.params.get("listed"):
            return False
        name, values = context.info_name, context.params
        if name == "quantize" and values["model"] == MODEL_NAME:
            self.checkpoints.add(os.path.normpath(values["out"]))
            return True
        if name == "export":
            return os.path.normpath(values["checkpoint_folder"]) in self.checkpoints
        if name == "run":
            return os.path.normpath(values["program_folder"]) in self.programs
        if name not in ("evaluate", "lower", "vectors"):
            return name in ("verilog", "package")
        source = os.path.normpath(values.get("checkpoint_folder") or values["source"])
        if values.get("check"):
            return source in self.bundles
        if name == "vectors" and source in self.checkpoints | self.programs:
            self.bundles.add(os.path.normpath(values["out"]))
        if name == "lower" and source in self.checkpoints:
            self.programs.add(os.path.normpath(values["out"]))
        return source in self.checkpoints or (name == "vectors" and source in self.programs)


def options_of(command):
    """Those of its subcommands, too."""
    names = [name for one in command.params for name in (*one.opts, *one.secondary_opts)]
    below = getattr(command, "commands", {}).values() if command is not cli.cli else ()
    return {*names, "--help", "-h"}.union(*map(options_of, below))


def check_span(span):
    """A span that calls vit2rtl or make names a command, options and targets that exist."""
    program, *words = span.split()
    if program == "make":
        unknown = [w for w in words if re.fullmatch(r"[a-z][\w/-]*", w) and w not in TARGETS]
        assert not unknown, f"`{span}`: make has no target {unknown[0]}"
        return
    known = options_of(cli.cli) | {"--version"}
    if program == "vit2rtl" and words and not words[0].startswith("-"):
        assert words[0] in cli.COMMANDS, f"`{span}`: vit2rtl has no command {words[0]}"
        known = options_of(cli.cli.get_command(None, words[0]))
    elif program != "vit2rtl":
        words = [program]
        every = (cli.cli.get_command(None, name) for name in cli.COMMANDS)
        known = known.union(*map(options_of, every))
    unknown = [w for w in words if w.startswith("--") and w.partition("=")[0] not in known]
    assert not unknown, f"`{span}`: vit2rtl has no option {unknown[0]}"


@each_document
def test_every_block_is_of_a_known_language(name):
    unknown = [f"line {b.line}: {b.language}" for b in blocks(DOCUMENTS[name])
               if b.language not in LANGUAGES]
    assert not unknown


# A document shows how to make a component, not what to do with it.
@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@each_in_parts
def test_python_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    snippets = [b for b in blocks(DOCUMENTS[name]) if b.language == "python"]
    scope = {"__name__": name}
    if name in PREPARATIONS:
        PREPARATIONS[name](scope, snippets)
    for block in snippets:
        execute(name, block, scope)
    scope.clear()
    gc.collect()


@each_in_parts
def test_commands_parse_and_those_on_the_embedded_model_run(
    name, tmp_path, monkeypatch, parse, run
):
    monkeypatch.chdir(tmp_path)
    embedded_images = options.embedded_images
    monkeypatch.setattr(
        options, "embedded_images", lambda split: embedded_images(split).sample(IMAGES, 0)
    )
    offline = Offline()
    for program, *arguments in commands(DOCUMENTS[name]):
        if program == "make":
            check_span(" ".join([program, *arguments]))
        elif offline.can_run(parse(*arguments)):
            run(*arguments)


@each_document
def test_spans_name_commands_and_options_that_exist(name):
    for span in spans(DOCUMENTS[name]):
        if re.match(r"(vit2rtl|make) |--[a-z]", span):
            check_span(span)


def test_the_picture_of_the_flow_names_commands_that_exist():
    picture = ElementTree.parse(ROOT / "docs" / "flow.svg")
    (labels,) = picture.iterfind("{*}g[@text-anchor][@font-family]")
    names = {label.text for label in labels}
    assert names >= {"quantize", "export", "lower", "vectors", "simulate", "prove", "package"}
    assert names - {"--check"} <= set(cli.COMMANDS)


@each_document
def test_links_lead_somewhere(name):
    for path, anchor in links(DOCUMENTS[name]):
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{path}#{anchor}"


def test_commands_are_found_in_every_kind_of_block():
    document = """
Text

    vit2rtl doctor

```console
$ cd x && A=1 .venv/bin/vit2rtl verilog --all \\
    --out v > log  # all
make nothing of the output
$ make sim SIM=icarus | tee log
```
```text
vit2rtl no command
```
```sh
make test
pip install 'vit2rtl[hardware]'
```
"""
    assert list(commands(document)) == [
        ["vit2rtl", "verilog", "--all", "--out", "v"],
        ["make", "sim", "SIM=icarus"],
        ["make", "test"],
        ["vit2rtl", "doctor"],
    ]
    assert list(calls("an output that isn't a command")) == []


@pytest.mark.parametrize(
    "line",
    ["simulate", "simulate v --simulator modelsim", "quantize mnist_vit --out m --widths 4",
     "conjure", "vectors m --out v --lanes many"],
)
def test_a_command_that_does_not_parse_is_caught(line, parse):
    with pytest.raises(AssertionError, match="vit2rtl: "):
        parse(*line.split())


@pytest.mark.parametrize(
    "span", ["make coffee", "vit2rtl conjure", "vit2rtl vectors --bits w4a4", "--conjure N"]
)
def test_a_span_that_names_nothing_is_caught(span):
    with pytest.raises(AssertionError, match=r"has no (target|command|option)"):
        check_span(span)


def test_what_runs_is_what_needs_nothing_but_the_embedded_model(parse):
    offline = Offline()
    runs = {line: offline.can_run(parse(*line.split())) for line in (
        "evaluate m", "vectors p --out w", "quantize mnist_vit --out m/", "evaluate m --baseline",
        "vectors ./m --out v", "vectors m --images i --out v", "vectors w --check",
        "lower d --out e", "quantize deit_tiny_patch16_224 --out d", "simulate v",
        "quantize --help", "lower m --out p/", "vectors p --ops '*.fc1' --out w/",
        "vectors ./w --check", "export m --onnx f", "export d --onnx f",
        "run e", "run p", "run p --images i",
        "verilog --all --out v", "package requantizer --out i",
    )}
    assert [line for line, can in runs.items() if can] == [
        "quantize mnist_vit --out m/", "evaluate m --baseline", "vectors ./m --out v",
        "lower m --out p/", "vectors p --ops '*.fc1' --out w/", "vectors ./w --check",
        "export m --onnx f", "run p", "verilog --all --out v", "package requantizer --out i",
    ]
