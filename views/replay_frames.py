"""A replay's frames as the browser takes them."""

from __future__ import annotations

from typing import Any

import orjson
from flask import url_for

from services.masking import Mask
from services.plan_reading import process_names
from services.replay import Frames, Stretch
from views.diagram import source_url
from views.i18n import loc


def as_json(frames: Frames, mask: Mask) -> bytes:
    """The columns of `services.replay.Frames`; of each stretch its version, its drawings and on
    which of them each path stands. Of 10,000 events about half a MB."""
    case = frames.case
    return orjson.dumps(
        {
            "case": {"id": case.id, "number": case.number, "title": mask.text(case.title)},
            "stretches": [
                _stretch(one, frames.places(n)) for n, one in enumerate(frames.stretches)
            ],
            "types": frames.types,
            "paths": frames.paths,
            "seq": frames.seq,
            "type": frames.type,
            "path": frames.path,
            "occurred": frames.occurred,
            "recorded": frames.recorded,
            "ops": frames.ops,
            "flows": frames.flows,
            "taken": frames.taken,
            "marks": frames.marks,
            "details": url_for("replaying.events", case_id=case.id),
        }
    )


def _stretch(stretch: Stretch, places: list[int]) -> dict[str, Any]:
    names, version = process_names(stretch.read), stretch.version
    return {
        "first": stretch.first,
        "version": version.id,
        "number": version.number,
        "sheets": [
            {
                "prefix": sheet.prefix,
                "title": _title(stretch, sheet.prefix) or loc(names[sheet.process_id]),
                "process": loc(names[sheet.process_id]),
                "source": source_url(version, sheet.file),
                "parent": sheet.parent,
            }
            for sheet in stretch.sheets
        ],
        "places": places,
    }


def _title(stretch: Stretch, prefix: str) -> str:
    """A called process is called as its call is."""
    element = stretch.read.elements.get(prefix)
    return loc(element) if element is not None else ""
