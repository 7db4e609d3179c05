"""The diagram editor of a draft (`frontend/studio`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flask import Blueprint, Response, jsonify, request, url_for
from flask_login import login_required
from flask_wtf.csrf import generate_csrf

from models.studio import PlanDraft
from services import draft_reading
from services.draft_sheets import Sheet, sheets_of
from services.plan_folder import bundle_of
from views import terms
from views.i18n import loc
from views.kit import Answer, database, me, render
from views.studio_diagram_words import FORMS, editor_words
from views.studio_kit import draft_in_hand, draft_page
from workflows.contract import DeploymentError

bp = Blueprint("studio_diagram", __name__, url_prefix="/studio")

#: What the special forms leave behind, as the FEEL editor completes it: name and type.
RESULTS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "planroom:grade": (
        ("tier", "string"), ("level", "number"), ("overridden", "boolean"), ("reason", "string"),
    ),
    "planroom:statement-draft": (("statement_id", "string"), ("version", "number")),
    "planroom:statement-review": (("decision", "string"), ("version", "number")),
    "planroom:statement-approve": (("decision", "string"), ("version", "number")),
    "planroom:statement-release": (("released", "boolean"), ("version", "number")),
    "planroom:report-up": (
        ("complete", "boolean"), ("last_at", "date and time"), ("met", "boolean"),
    ),
    "planroom:closing": (("criterion_met", "boolean"), ("note", "string")),
    "planroom:archive": (("items", "number"), ("missing", "number")),
    "planroom:destroy": (("values", "number"), ("drafts", "number"), ("files", "number")),
}  # fmt: skip


@bp.get("/drafts/<int:draft_id>/diagram")
@login_required
def show(draft_id: int) -> Answer:
    """The editor for the draft's author while it is open, the plain drawing for everybody else.
    ``file`` and ``element`` in the address say what is shown first."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        files = draft_reading.files_of(session, draft)
        page = draft_page(session, draft, "diagram")
        if not draft_reading.may_edit(draft, me()):
            return render("studio/diagram.html", **page, start=_start(sheets_of(files)))
        return render(
            "studio/diagram.html",
            **page,
            editor=_editor(draft, files),
            words=editor_words(),
        )


@bp.get("/drafts/<int:draft_id>/diagram/sheets")
@login_required
def sheets(draft_id: int) -> Response:
    """The drawings for the viewer, in the shape `views.diagram.plain_sheets` has."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        found = sheets_of(draft_reading.files_of(session, draft))
        return jsonify(
            sheets=[
                {
                    "key": sheet.process_id or sheet.file,
                    "title": loc(sheet),
                    "source": _address(draft, sheet.file),
                    "states": {},
                    "calls": {},
                }
                for sheet in found
            ]
        )


def _start(found: Iterable[Sheet]) -> str:
    """The key of the drawing the address asks for, "" for the first."""
    wanted = request.args.get("file", "")
    return next((one.process_id or one.file for one in found if one.file == wanted), "")


def _editor(draft: PlanDraft, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What the editor works with, as JSON: files and their addresses, what the plan names
    (``{key, name}`` each), the draft's revision, the page's token."""
    found = sheets_of(files)
    manifest = _manifest(files)
    wanted = request.args.get("file", "")
    return {
        "files": [
            {"name": one.file, "title": loc(one), "address": _address(draft, one.file)}
            for one in found
        ],
        "start": next((one.file for one in found if one.file == wanted), found[0].file)
        if found
        else "",
        "element": request.args.get("element", ""),
        "revision": draft.revision,
        "token": generate_csrf(),
        "findings": url_for("studio_findings.as_json", draft_id=draft.id),
        "processes": [
            {"key": one.process_id, "name": loc(one), "file": one.file}
            for one in found
            if one.process_id
        ],
        "roles": _roles(manifest.get("roles")),
        "variables": [
            {"name": name, "type": str(type_)}
            for name, type_ in _table(manifest.get("variables")).items()
        ],
        "anchors": _anchors(manifest),
        "settings": [
            {"key": row["key"], "name": _named(row), "type": str(row.get("type", ""))}
            for row in _rows(manifest.get("settings"))
        ],
        "tiers": [{"key": row["key"], "name": _named(row)} for row in _rows(manifest.get("tiers"))],
        "forms": [{"key": key, "name": str(name)} for key, name in FORMS.items()],
        "origins": list(terms.ORIGINS),
        "results": {
            form: [{"name": name, "detail": type_} for name, type_ in fields]
            for form, fields in RESULTS.items()
        },
    }


def _manifest(files: Mapping[str, bytes]) -> Mapping[str, Any]:
    """``plan.toml`` as far as it can be read: a broken one is no reason not to draw."""
    try:
        return bundle_of(files).manifest
    except DeploymentError:
        return {}


def _roles(roles: object) -> list[dict[str, str]]:
    return [
        {"key": key, "name": _named({"key": key, **_table(role)})}
        for key, role in _table(roles).items()
    ]


def _anchors(manifest: Mapping[str, Any]) -> list[dict[str, str]]:
    """Those every case has, then the plan's own."""
    named = {key: str(word) for key, word in terms.ANCHORS.items()}
    named |= {row["key"]: _named(row) for row in _rows(manifest.get("anchors"))}
    return [{"key": key, "name": name} for key, name in named.items()]


def _named(row: Mapping[str, Any]) -> str:
    """A row's name in the reader's language, its key where it has none."""
    return str(loc(row) or row["key"])


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [row for row in value if row.get("key")] if isinstance(value, list) else []


def _address(draft: PlanDraft, name: str) -> str:
    return url_for("studio.file", draft_id=draft.id, name=name)
