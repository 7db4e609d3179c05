"""What a plan's own text says of elements it did not draw: an alias runs another plan's diagram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workflows.contract import Element
from workflows.findings import Findings


def retell(elements: dict[str, Element], manifest: Mapping[str, Any], found: Findings) -> None:
    """Put ``[origins]`` and ``cites`` of the manifest over what the diagram says; changes
    ``elements`` (by path).

    ``[origins]`` is path -> origin. What a named call activity or sub-process holds comes from
    there too, unless the diagram says otherwise of it. A path without an element is the finding
    ``origin_path_unknown``. ``cites`` (path -> clause ids; only of an alias) replaces all clauses.
    """
    origins: Mapping[str, Any] = manifest.get("origins") or {}
    for path in origins:
        if path not in elements:
            found.error("origin_path_unknown", "plan.toml", path=str(path))
    for path, element in elements.items() if origins else ():
        origin = origins.get(path)
        if origin is None and element.origin == "text":
            around = (above for above in origins if path.startswith(f"{above}/"))
            origin = origins.get(max(around, key=len, default=""))
        if origin is not None:
            elements[path] = replace(element, origin=str(origin))
    cites = manifest.get("cites")
    if isinstance(cites, Mapping):
        for path, element in elements.items():
            elements[path] = replace(element, clauses=tuple(cites.get(path, ())))
