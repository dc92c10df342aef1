"""Reads the documents: code blocks, the commands in them, code spans, links."""

import re
import shlex
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
}
# Blocks whose commands are checked; without a language (or indented) they may hold anything.
SHELL = ("", "sh", "bash", "console")
SHOWN = ("text", "verilog", "systemverilog", "c", "json", "toml", "yaml")
LANGUAGES = ("python", *SHELL, *SHOWN)
PROGRAMS = ("vit2rtl", "make")
_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
_INDENTED = re.compile(r"(?<=\n\n)(?:    .*\n+)+")


@dataclass(frozen=True)
class Block:
    """A code block: its language, the line it begins at, its text."""

    language: str
    line: int
    text: str


def blocks(document):
    """Fenced blocks first, then indented ones."""
    found = [_block(document, m["language"].strip(), m["text"], m.start("text"))
             for m in _FENCE.finditer(document)]
    rest = prose(document)
    return found + [_block(rest, "", m[0], m.start()) for m in _INDENTED.finditer(rest)]


def prose(document):
    """The document with its fenced blocks blanked out."""
    return _FENCE.sub(lambda match: "\n" * match[0].count("\n"), document)


def spans(document):
    """Inline code."""
    return re.findall(r"`([^`\n]+)`", _INDENTED.sub("\n", prose(document)))


def links(document):
    """(path or "", anchor or "") of every link within the project."""
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(document))
    return [t.partition("#")[::2] for t in targets if "://" not in t]


def anchors(document):
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", prose(document), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def commands(document):
    """Words of every call of vit2rtl or make in a shell block, from the program's name on.

    Where a block has prompts, only lines that begin with one are commands.
    """
    for block in blocks(document):
        if block.language in SHELL:
            lines = block.text.replace("\\\n", " ").splitlines()
            prompted = [line[2:] for line in lines if line.startswith("$ ")]
            for line in prompted or lines:
                yield from calls(line)


def calls(line):
    """Words of the simple commands of a shell line that call vit2rtl or make."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        if line.split()[0] in PROGRAMS:
            raise
        return
    for separator, group in groupby(words, lambda word: set(word) <= set("&|;()")):
        call = [] if separator else list(group)
        while call and re.match(r"\w+=", call[0]):
            del call[0]
        if call and Path(call[0]).name in PROGRAMS:
            end = next((n for n, word in enumerate(call) if set(word) <= set("<>")), len(call))
            yield [Path(call[0]).name, *call[1:end]]


def _block(document, language, text, start):
    return Block(language, document.count("\n", 0, start) + 1, dedent(text))
