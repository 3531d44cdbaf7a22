"""The list of components as CycloneDX has it: what pip installed, and what no package index knows of (Python, Qt, Chromium, the host's libraries).

Runs in the tools' environment, which has CycloneDX's own library: ``python sbom.py EXTRA.json IN.json OUT.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion


def main() -> int:
    """Write IN and EXTRA (a list of name, version, type) as OUT."""
    extra, given, out = (Path(word) for word in sys.argv[1:])
    bom = Bom.from_json(json.loads(given.read_text(encoding="utf-8")))  # type: ignore[attr-defined] # made by a decorator
    for one in json.loads(extra.read_text(encoding="utf-8")):
        bom.components.add(Component(name=one["name"], version=one["version"], type=ComponentType(one["type"])))
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    document = json.loads(text)
    document.pop("serialNumber", None)  # random, as the time: the same program has the same list
    document.get("metadata", {}).pop("timestamp", None)
    out.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
