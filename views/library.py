"""The plan library: the fifteen source texts, each as what it really is, and how much of it the
plan in use here carries out."""

from __future__ import annotations

from flask import Blueprint, request
from flask_login import login_required

from services.draft_reading import may_read
from services.kinds import kinds
from services.library_page import entries, fits
from views import plan_words
from views.kit import Answer, database, library, me, render
from views.plan_drawing import segments

bp = Blueprint("library", __name__, url_prefix="/plans")

#: The colours of the verdicts; their words say the same.
COLOURS = {
    "plan": "green",
    "alias": "azure",
    "fragment": "orange",
    "guidance": "purple",
    "other_emergency": "blue",
    "none": "secondary",
}


@bp.get("")
@login_required
def index() -> Answer:
    """Every text and every plan in use; ``kind`` shows only the plans for that kind of unit."""
    choices = kinds(library())
    kind = request.args.get("kind", "")
    if kind not in {one.key for one in choices}:
        kind = ""
    with database().read() as session:
        found = entries(session, library())
        return render(
            "library/index.html",
            texts=[one for one in found if one.text and (not kind or fits(one, kind))],
            others=[one for one in found if not one.text and (not kind or fits(one, kind))],
            counts={one.key: sum(fits(entry, one.key) for entry in found) for one in choices},
            total=len(found),
            in_use={one.version.plan_key for one in found if one.version},
            numbers={one.text.key: one.text.number for one in found if one.text},
            kinds=choices,
            kind=kind,
            words=plan_words,
            colours=COLOURS,
            segments=segments,
            may_study=may_read(me()),
        )
