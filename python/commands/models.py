"""vit2rtl models: which of timm's models are supported."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from vit2rtl.commands import options

if TYPE_CHECKING:
    from vit2rtl.models.catalog import Entry


@click.command(epilog="""\b
Examples:
  vit2rtl models 'deit3_*'
  vit2rtl models dinov2 --json
""")
@click.argument("pattern", default="*")
@options.as_json
@click.option("--markdown", is_flag=True, help="Print all of it as the page docs/models.md.")
def command(pattern: str, as_json: bool, markdown: bool) -> None:
    """List timm's models by PATTERN: supported, or what stops them.

    PATTERN has *, ? and [...], or is a part of the name; all models by default. Each is built
    without weights and checked; nothing is downloaded.
    """
    if markdown and (as_json or pattern != "*"):
        raise click.UsageError("--markdown is the page of all models")
    from vit2rtl.models import catalog

    known = [*catalog.entries(pattern)]
    if not known:
        raise ValueError(f"timm has no model with a name like {pattern!r}")
    if markdown:
        click.echo(catalog.page(known), nl=False)
    elif as_json:
        options.show_json({"models": [asdict(entry) for entry in known],
                           "supported": sum(entry.supported for entry in known)})
    else:
        click.echo(_table(known))


def _table(known: "list[Entry]") -> str:
    width = max(len(entry.name) for entry in known)
    lines = [f"{entry.name:<{width}}  {entry.reason or 'supported'}" for entry in known]
    supported = sum(entry.supported for entry in known)
    return "\n".join([*lines, f"{supported} of {len(known)} supported"])
