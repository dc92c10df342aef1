"""Copies of a bundle to break, and hashes that tell of it as it is then."""

import json
import shutil
from types import SimpleNamespace

from vit2rtl.golden.files.documents import sha256


def breakable(pristine, folder):
    """A copy in ``folder``: ``edit(change)`` of its manifest, ``rehash()`` of all its files."""
    shutil.copytree(pristine, folder)

    def edit(change):
        manifest = json.loads((folder / "manifest.json").read_text())
        change(manifest)
        (folder / "manifest.json").write_text(json.dumps(manifest))

    def rehash():
        """Make the manifest and SHA256SUMS tell of the files as they are now."""
        files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "SHA256SUMS")
        known = {p.relative_to(folder).as_posix(): sha256(p) for p in files}
        edit(lambda manifest: _restate(manifest, known))
        known["manifest.json"] = sha256(folder / "manifest.json")
        sums = "".join(f"{digest}  {file}\n" for file, digest in known.items())
        (folder / "SHA256SUMS").write_text(sums)

    return SimpleNamespace(folder=folder, edit=edit, rehash=rehash)


def _restate(node, known):
    if isinstance(node, dict):
        if node.get("file") in known:
            node["sha256"] = known[node["file"]]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            _restate(child, known)
