"""JSON Schemas of what tkcore writes and prints: `python -m tkcore.schemas DIR`, `--check DIR` compares."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from tkcore.analyses import Done, Failed, NotApplicable, WithheldResult
from tkcore.cli.documents import DOCUMENTS
from tkcore.events import EVENTS
from tkcore.log import Header
from tkcore.manifest import Manifest
from tkcore.plugins import Plugin, find, load
from tkcore.receipts import Receipt
from tkcore.recorder import Answer
from tkcore.rows import KINDS, RecordRow


def schemas() -> dict[str, Any]:
    """Return every schema by its file name."""
    found = {
        "events.json": _of(*EVENTS.values()),
        "rows.json": _of(*KINDS.values(), RecordRow),
        "log.json": _of(Header, Manifest, Receipt),
        "record-answer.json": _of(Answer),
        "outcomes.json": _of(Done, NotApplicable, WithheldResult, Failed),
    }
    found |= {f"cli/{name}.json": _of(*shapes) for name, shapes in DOCUMENTS.items()}
    for one in find():
        plugin = load(one)
        if isinstance(plugin, Plugin) and one.distribution.startswith("tkcore-"):
            for analysis in plugin.analyses:
                found[f"results/{analysis.name}.json"] = _of(analysis.result)
    return found


def _of(*types: Any) -> dict[str, Any]:
    refs, parts = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "anyOf": list(refs), "$defs": parts}


def main(argv: list[str]) -> int:
    check, folder = argv[0] == "--check", Path(argv[-1])
    stale = []
    texts = {
        name: msgspec.json.format(msgspec.json.encode(s, order="deterministic"), indent=1) + b"\n"
        for name, s in schemas().items()
    }
    for name, text in texts.items():
        path = folder / name
        if check:
            if not path.is_file() or path.read_bytes() != text:
                stale.append(name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
    if check:
        stale += [
            str(p.relative_to(folder))
            for p in folder.glob("**/*.json")
            if str(p.relative_to(folder)) not in texts
        ]
    for name in stale:
        sys.stderr.write(f"{name} is not what the types say: make schemas\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
