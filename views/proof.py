"""Proof: a case's chain checked on the screen, its evidence bundle, the daily seals and where they
were lodged."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, current_app, make_response, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.audit import HeadSeal
from services import (
    access,
    evidence,
    files,
    heads,
    heads_check,
    masked_rows,
    masking,
    proof,
    proof_portions,
    signing,
)
from services.directory import people_by_id
from services.errors import Refusal
from services.history import chain_of
from views.event_names import event_name
from views.evidence_report import papers
from views.gates import auditors_only
from views.kit import (
    Answer,
    actor,
    database,
    me,
    now,
    render,
    run,
    say,
    see_other,
    settings,
    wants_fragment,
)
from views.proof_words import break_words, chain_name, lodge_words, reason_words
from views.refusals import sentence
from views.unmasking import panel

bp = Blueprint("proof", __name__, url_prefix="/audit")
bp.before_request(auditors_only)

#: Bytes of a list of heads that is brought back to be compared: of 150,000 chains.
LODGED_BYTES = files.MAX_BYTES
#: Breaks of a kind told on a page; how many more there are is said.
MOST = 50


# ------------------------------------------------------------------------------------ a case


@bp.get("/cases/<int:case_id>/proof")
def show(case_id: int) -> Answer:
    """The chain, link by link, what its last check found, and the way to its bundle."""
    return _case_page(case_id)


def _case_page(case_id: int, refused: str = "", status: int = 200) -> Answer:
    after = request.args.get("after", "")
    begin = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0
    with database().read() as session:
        case = access.case_seen_by(session, me(), case_id)
        mask = masking.mask_for(session, me(), case_id, now())
        chain = chain_of(case_id)
        try:
            links = proof.links(session, case_id, begin)
        except Refusal as refusal:
            links, refused, status = [], refused or sentence(refusal), max(status, refusal.status)
        page = render(
            "audit/proof.html",
            case=masked_rows.case(mask, case),
            links=links,
            begin=begin,
            more=len(links) == proof.PAGE,
            last=proof.last_check(session, chain),
            sealed=proof.sealed(session, chain),
            masked=mask.on,
            unmask=panel(case, mask, url_for("proof.show", case_id=case_id, after=begin or None)),
            refused=refused,
            reason_words=reason_words,
            event_name=event_name,
        )
    return make_response(page, status)


@bp.post("/cases/<int:case_id>/proof")
def check(case_id: int) -> Answer:
    """Recompute the whole chain, and hold it against the seals."""
    found = proof.check_case(database(), case_id, actor(access.AUDITOR), now())
    if found.ok:
        say(_("校验链完好:%(n)s 条,全部对得上。", n=found.report.length))
    else:
        say(_("校验链对不上,断点见下。"), "error")
    return see_other("proof.show", case_id=case_id)


@bp.post("/cases/<int:case_id>/bundle")
def bundle(case_id: int) -> Answer:
    """Make the evidence bundle and hand it over. What refuses it is explained on the page."""
    folder = settings().data_dir / "making"
    folder.mkdir(parents=True, exist_ok=True)
    # Gone as soon as it is closed: nothing of a bundle stays on the server.
    out = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the answer closes it
    try:
        made = evidence.make_bundle(
            database(), settings().data_dir, case_id, papers, actor(access.AUDITOR), now(), out
        )
    except Refusal as refusal:
        out.close()
        if refusal.status in {403, 404}:
            raise
        return _case_page(case_id, sentence(refusal), refusal.status)
    except BaseException:
        out.close()
        raise
    out.seek(0)
    name = _("佐证材料包-%(number)s", number=made.number) + ".zip"
    answer = send_file(out, mimetype="application/zip", as_attachment=True, download_name=name)
    answer.content_length = made.size
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


# ----------------------------------------------------------------------------- the whole house


@bp.get("/proof", endpoint="heads")
def heads_page() -> Answer:
    """The key, the seals and where they were lodged, all chains, the verifier."""
    return _heads_page()


def _heads_page(
    refused: str = "",
    status: int = 200,
    portion: proof_portions.Portion | None = None,
    compared: heads_check.Outcome | None = None,
) -> Answer:
    with database().read() as session:
        before = _day(request.args.get("before", ""))
        seals = heads.page(session, before)
        days = [seal.day for seal in seals]
        lodged = heads.lodgings(session, days)
        shown = _day(request.args.get("lodged", ""))
        fresh = heads.find(session, shown)
        key, key_refused = _key(session)
        page = render(
            "audit/proof_heads.html",
            seals=seals,
            more=len(seals) == 30,
            before=before,
            lodged=lodged,
            people=people_by_id(
                session, [one.person_id for some in lodged.values() for one in some]
            ),
            lodge_words=lodge_words,
            fresh=fresh,
            line=heads.line(fresh) if fresh is not None else "",
            mailto=_mailto(fresh) if fresh is not None else "",
            key=key,
            key_refused=key_refused,
            due=heads.due(session, now()),
            ahead=heads.ahead(session, now()),
            refused=refused,
            portion=portion,
            compared=compared,
            **_progress(session, portion, compared.breaks if compared is not None else ()),
        )
    return make_response(page, status)


def _progress(
    session: Session,
    portion: proof_portions.Portion | None,
    compared: Sequence[heads_check.Break] = (),
) -> dict[str, Any]:
    """How far the check of everything is, and what words for what it found take."""
    seals, broken = (portion.seals, portion.broken) if portion is not None else ((), ())
    found = [one.chain for some in (seals, compared, broken) for one in some[:MOST]]
    return {
        "most": MOST,
        "done": _count("done") + (portion.done if portion is not None else 0),
        "bad": _count("bad") + len(seals) + len(broken),
        "bad_before": _count("bad"),
        "cases": proof.cases_of(session, me(), found),
        "chain_name": chain_name,
        "break_words": break_words,
        "reason_words": reason_words,
    }


def _key(session: Session) -> tuple[str, str]:
    """The key's fingerprint ("" before there is one), and what is wrong with it, in words."""
    try:
        return signing.look(session, settings().data_dir) or "", ""
    except Refusal as refusal:
        return str(refusal.args_.get("fingerprint", "")), sentence(refusal)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


@bp.post("/proof/lodge")
def lodge() -> Answer:
    """Take a day's seal elsewhere: as a file, by mail, on paper."""
    day, how = _day(request.form.get("day", "")), request.form.get("how", "")
    if day is None:
        raise Refusal("seal_unknown", 404)
    try:
        seal = run(lambda uow: heads.lodge(uow, day, how, actor(access.AUDITOR), now()))
    except Refusal as refusal:
        if refusal.status in {403, 404}:
            raise
        return _heads_page(sentence(refusal), refusal.status)
    if how != "file":
        target = url_for("proof.heads", lodged=day.isoformat(), how=how, _anchor="lodged")
        return Response(status=303, headers={"Location": target})
    with database().read() as session:
        content = heads.lodged_file(session, seal, signing.on_record(session) or "")
    answer = make_response(content)
    answer.mimetype = "application/json"
    name = quote(f"planroom-heads-{day.isoformat()}.json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _mailto(seal: HeadSeal) -> str:
    """A letter with the line, for the auditor's own mail program: no address is filled in."""
    subject = _("预案室链头 %(day)s", day=seal.day.isoformat())
    body = heads.line(seal) + "\n\n" + _("请把这一行存放在本单位以外,核对时要用。")
    return f"mailto:?subject={quote(subject)}&body={quote(body)}"


@bp.post("/proof/check")
def check_all() -> Answer:
    """Check some seals and chains, and say how to go on; htmx goes on by itself."""
    after = request.form.get("after", "")[:60].replace("\x00", "")
    portion = proof_portions.check_some(database(), after, actor(access.AUDITOR), now())
    if not wants_fragment():
        return _heads_page(portion=portion)
    with database().read() as session:
        return render("audit/_proof_progress.html", portion=portion, **_progress(session, portion))


def _count(name: str) -> int:
    """How many earlier portions had: only shown."""
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


@bp.post("/proof/compare")
def compare() -> Answer:
    """Hold a list, or lines, lodged elsewhere against seals and chains."""
    sent = request.files.get("file")
    content = sent.read(LODGED_BYTES + 1) if sent is not None else b""
    content = content or request.form.get("line", "")[:2_000].encode()
    try:
        if len(content) > LODGED_BYTES:
            raise Refusal("file_too_large", 413, limit=LODGED_BYTES)
        with database().read() as session:
            found = heads_check.check_lodged(session, content)
    except Refusal as refusal:
        return _heads_page(sentence(refusal), refusal.status)
    return _heads_page(compared=found)


@bp.get("/proof/planroom_verify.py")
def verifier() -> Response:
    """The program that checks a bundle, to be taken anywhere."""
    path = Path(current_app.root_path) / "tools" / "planroom_verify.py"
    return send_file(
        path, mimetype="text/x-python", as_attachment=True, download_name="planroom_verify.py"
    )
