"""Which of timm's models are supported, and what stops the others; nothing is downloaded."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from vit2rtl.models import architectures, embedded
from vit2rtl.models.library import timm
from vit2rtl.models.names import candidates

_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True)
class Entry:
    """A name that ``vit2rtl quantize`` may be given.

    reason   what stops it; None where it is supported
    """

    name: str
    supported: bool
    reason: str | None


def entries(pattern: str = "*") -> Iterator[Entry]:
    """The embedded model and timm's, in the order of the alphabet, as timm makes them.

    pattern   of names, with ``*``, ``?`` and ``[...]``; without any of them a part of the name
    """
    if not _WILDCARDS & set(pattern):
        pattern = f"*{pattern}*"
    files = {name: file for file in timm.models.list_modules()
             for name in timm.list_models(module=file)}
    for name in sorted({embedded.MODEL_NAME, *files}):
        if fnmatchcase(name, pattern):
            reason = None if name == embedded.MODEL_NAME else _reason(name, files[name])
            yield Entry(name, reason is None, reason)


def _reason(name: str, file: str) -> str | None:
    family = candidates().get(name)
    if family is None:
        return f"timm's {file} models are not supported"
    return architectures.problem(name, family.one_block)


def page(known: list[Entry]) -> str:
    """docs/models.md of all entries."""
    taken = [entry.name for entry in known if entry.supported]
    reasons: dict[str, list[str]] = {}
    for entry in known:
        if entry.reason:
            reasons.setdefault(entry.reason, []).append(entry.name)
    lines = [
        "# Models", "",
        f"What `vit2rtl quantize` makes of the {len(known) - 1} names in timm {timm.__version__} "
        "and the embedded `mnist_vit`, as timm makes them without",
        "further arguments: each built on torch's meta device, without weights, and checked. "
        "`vit2rtl models --markdown` writes this page, and",
        "a test holds it against a run; `vit2rtl models PATTERN` says it for some.", "",
        "```sh", "vit2rtl models 'deit3_*'", "vit2rtl models dinov2 --json", "```", "",
        f"## Taken: {len(taken)}", "", ", ".join(f"`{name}`" for name in taken), "",
        f"## Refused: {len(known) - len(taken)}", "", "| what stops it | names |", "|---|---|",
    ]
    for reason, names in sorted(reasons.items(), key=lambda item: (len(item[1]), item[0])):
        lines.append(f"| {reason} | {', '.join(names)} |")
    return "\n".join(lines) + "\n"
