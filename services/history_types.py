"""The closed registry of history events: every type there is, with its version and schema.

To change a payload, add the type again with the next version and keep the old one: events of
old versions stay readable and verifiable for ever. `services.history.append` writes the newest.

What the columns of an event already hold (case, person, role, element path, both times) is not
said again in a payload. Free text of people about people belongs into a field declared personal.
"""

from __future__ import annotations

from services.history_schema import (
    ANY,
    BOOL,
    CONTEXT,
    COUNT,
    DIGEST,
    INT,
    KEY,
    MOMENT,
    NUMBER,
    PATH,
    ROW,
    TEXT,
    UUID,
    Category,
    EventType,
    PayloadError,
    Schema,
    listing,
    nullable,
    one_of,
)

_REGISTRY: dict[tuple[str, int], EventType] = {}
_CURRENT: dict[str, EventType] = {}


def _add(
    name: str,
    category: Category,
    required: dict[str, Schema] | None = None,
    optional: dict[str, Schema] | None = None,
    personal: str = "",
    version: int = 1,
    exceptions: dict[str, Schema] | None = None,
) -> None:
    type_ = EventType(
        name,
        category,
        required or {},
        optional or {},
        frozenset(personal.split()),
        version,
        exceptions or {},
    )
    if (name, version) in _REGISTRY or (version > 1 and (name, version - 1) not in _REGISTRY):
        raise ValueError(f"{name} v{version} out of order")
    _REGISTRY[name, version] = _CURRENT[name] = type_


def event_type(name: str, version: int | None = None) -> EventType:
    """The type in its newest (or the given) version. Raises `PayloadError` for an unknown one."""
    found = _CURRENT.get(name) if version is None else _REGISTRY.get((name, version))
    if found is None:
        raise PayloadError(f"unknown event type {name!r} version {version}")
    return found


def all_types() -> list[EventType]:
    """The newest version of each type, by name."""
    return [_CURRENT[name] for name in sorted(_CURRENT)]


def exception_types() -> dict[str, list[EventType]]:
    """Kind of exception -> the types (every version) that may be one."""
    found: dict[str, list[EventType]] = {}
    for type_ in _REGISTRY.values():
        for kind in type_.exceptions:
            found.setdefault(kind, []).append(type_)
    return found


_ALWAYS: dict[str, Schema] = {}  # a kind's schema that every payload meets


def _true(name: str) -> Schema:
    """Payloads in which the field is true."""
    return {"properties": {name: {"const": True}}, "required": [name]}


#: What an administrator did.
_ADMIN: dict[str, Schema] = {"admin_act": _ALWAYS}
#: Put in force without a second person: none named, or none asked.
_NOBODY_AGREED: Schema = {
    "not": {"properties": {"approved_by": {"type": "integer"}}, "required": ["approved_by"]}
}

# ------------------------------------------------------------------------------------- the case
_add(
    "case.opened",
    "case",
    {"number": KEY, "plan": KEY, "plan_version": ROW},
    {
        "hash": DIGEST,
        "title": TEXT,
        "signal": nullable(ROW),
        "discovered": MOMENT,
        "drill": BOOL,
        "extra": CONTEXT,
    },
    personal="title summary link reporter phone extra",
)
# ``settings``: what the unit had set for the plan, as it is stored.
_add(
    "case.opened",
    "case",
    {"number": KEY, "plan": KEY, "plan_version": ROW},
    {"signal": nullable(ROW), "drill": BOOL, "settings": CONTEXT},
    personal="title summary link reporter phone extra",
    version=2,
)
_add("case.closed", "case", {}, {"criterion_met": BOOL, "end": TEXT, "note": TEXT}, personal="note")
_add("case.archived", "case", {}, {"items": COUNT, "missing": COUNT, "note": TEXT})
_add(
    "case.clock_moved",
    "case",
    {"seconds": INT},
    {"offset": INT, "rate": NUMBER, "reason": TEXT},
    exceptions={"clock_moved": _ALWAYS},
)
_add("case.member_added", "case", {"person": ROW}, {"reason": TEXT})
# A role alone, a person alone, or a person kept out because they held the role.
_RECUSED: dict[str, Schema] = {"person": nullable(ROW), "role": TEXT}
_add("recusal.recorded", "case", {"id": ROW}, _RECUSED, personal="reason")
_add("recusal.lifted", "case", {"id": ROW}, _RECUSED, personal="reason")
_add(
    "anchor.recorded",
    "case",
    {"name": KEY},
    {"id": ROW, "how": TEXT, "task": UUID},
    personal="how reason",
)
_add(
    "anchor.corrected",
    "case",
    {"name": KEY},
    {"id": ROW, "was": nullable(MOMENT), "how": TEXT, "reason": TEXT},
    personal="how reason",
    exceptions={"clock_moved": _ALWAYS},
)

# ------------------------------------------------------------------------------------- grading
_add(
    "tier.proposed",
    "tier",
    {"tier": nullable(KEY)},
    {
        "level": nullable(INT),
        "rules": listing(KEY, 200),
        "texts": listing(TEXT, 200),
        "inputs": CONTEXT,
        "decision": TEXT,
    },
)
_GRADED: dict[str, Schema] = {
    "level": INT,
    "was": nullable(KEY),
    "proposed": nullable(KEY),
    "rules": listing(KEY, 200),
    "inputs": CONTEXT,
    "reason": TEXT,
    "task": UUID,
}
_add("tier.graded", "tier", {"tier": KEY}, _GRADED, personal="reason")
_add(
    "tier.overridden",
    "tier",
    {"tier": KEY},
    _GRADED,
    personal="reason",
    exceptions={"tier_overridden": _ALWAYS},
)
_add(
    "tier.retier_requested", "tier", {}, {"reason": TEXT, "from": nullable(KEY)}, personal="reason"
)

# What a step of the engine walked through is said in the event of the act that caused it; only a
# step without one has an ``element.passed`` of its own. ``steps``: "path" for an element completed,
# "+path" entered and waiting, "-path" cancelled; a loop's later rounds are "path#round".
# ``flows``: ids of the sequence flows taken.
_STEPS: dict[str, Schema] = {"steps": listing(PATH, 20_000), "flows": listing(PATH, 20_000)}

# --------------------------------------------------------------------------------------- tasks
# ``task`` is the engine task's UUID; where it happened is the event's element path.
_TASK: dict[str, Schema] = {"task": UUID}
_add(
    "task.opened",
    "task",
    _TASK,
    {
        "round": INT,
        "due": nullable(MOMENT),
        "follow_up": nullable(MOMENT),
        "role": TEXT,
        "roles": listing(KEY, 50),
        "name": TEXT,
        "assignee": nullable(ROW),
        "form": TEXT,
        "previous": UUID,
        "timers": listing(CONTEXT, 50),
    },
)
_add("task.claimed", "task", _TASK, {"round": INT})
_add("task.unclaimed", "task", _TASK, {"round": INT, "reason": TEXT}, personal="reason")
_add(
    "task.reassigned",
    "task",
    {**_TASK, "to": nullable(ROW)},
    {"from": nullable(ROW), "reason": TEXT, "round": INT},
    personal="reason",
)
_add("task.draft_saved", "task", _TASK, {"round": INT, "fields": listing(KEY, 500)})
_add(
    "task.completed",
    "task",
    _TASK,
    # ``result``: values without persons in them (figures, choices, dates). Free text goes into
    # the personal ``text`` (field id -> what was written), under one commitment.
    {
        "round": INT,
        "result": ANY,
        "claimed": BOOL,
        "due": nullable(MOMENT),
        "late": INT,
        "lag": INT,
        **_STEPS,
    },
    personal="text result",
)
_add("task.cancelled", "task", _TASK, {"round": INT, "by": TEXT, "reason": TEXT}, personal="reason")

# ----------------------------------------------------------------------- deadlines and timers
_CLOCK: dict[str, Schema] = {
    "timer": UUID,
    "task": nullable(UUID),
    "due": nullable(MOMENT),
    "kind": TEXT,
    "anchor": TEXT,
    "role": TEXT,
    "clock": TEXT,
    "round": INT,
}
_LATE: dict[str, Schema] = {**_CLOCK, "late": INT, "lag": INT, "happened": MOMENT}
_PEOPLE: dict[str, Schema] = {"to": TEXT, "persons": listing(ROW, 500)}
_add("deadline.set", "deadline", {}, {**_CLOCK, "was": nullable(MOMENT), "reason": TEXT})
_add("deadline.reminded", "deadline", {}, {**_CLOCK, **_PEOPLE})
_add("deadline.missed", "deadline", {}, {**_LATE, **_PEOPLE}, exceptions={"late": _ALWAYS})
_add("deadline.met", "deadline", {}, {**_LATE, "spare": INT})
_add("deadline.escalated", "deadline", {}, {**_LATE, **_PEOPLE})
_TIMER: dict[str, Schema] = {**_CLOCK, "host": TEXT}
_add("timer.set", "deadline", {}, {**_TIMER, "was": nullable(MOMENT), "list": listing(CONTEXT)})
_add("timer.fired", "deadline", {}, {**_TIMER, "late": INT, "list": listing(CONTEXT)})
_add("timer.dropped", "deadline", {}, {**_TIMER, "reason": TEXT, "list": listing(UUID)})

# -------------------------------------------------------------------------------------- engine
_add("element.passed", "engine", {"steps": _STEPS["steps"]}, {"flows": _STEPS["flows"]})
_add(
    "decision.taken",
    "engine",
    {"matched": listing(KEY, 500)},
    {"decision": TEXT, "inputs": CONTEXT, "output": ANY, "texts": listing(TEXT, 500), "round": INT},
)
_add("message.sent", "engine", {"name": KEY}, {"payload": CONTEXT, **_STEPS}, personal="payload")
_add("intent.created", "engine", {"topic": KEY}, {"id": ROW, "task": nullable(UUID), "list": ANY})
_add(
    "intent.done", "engine", {"topic": KEY}, {"id": ROW, "task": nullable(UUID), "attempts": COUNT}
)
_add(
    "intent.failed",
    "engine",
    {"topic": KEY},
    {"id": ROW, "task": nullable(UUID), "attempts": COUNT, "error": TEXT, "final": BOOL},
)
_add(
    "incident.raised",
    "engine",
    {"code": KEY},
    {"id": ROW, "message": TEXT, "details": CONTEXT, "timer": UUID, "instance": UUID},
)
_add(
    "incident.resolved",
    "engine",
    {},
    {"id": ROW, "code": KEY, "resolution": TEXT},
    personal="resolution",
    exceptions=_ADMIN,
)
_add(
    "instance.started",
    "engine",
    {"instance": UUID},
    {"plan_version": ROW, "hash": DIGEST, **_STEPS},
)
_add("instance.completed", "engine", {"instance": UUID}, {"ends": listing(PATH, 200)})
# A running case moved to another version of its plan. Lists hold element paths; ``kept`` (task,
# path, was, due) are the open tasks, ``clocks`` (path, change, was, due) those that changed.
_add(
    "instance.migrated",
    "engine",
    {
        "instance": UUID,
        "from_version": ROW,
        "from_number": INT,
        "from_hash": DIGEST,
        "to_version": ROW,
        "to_number": INT,
        "to_hash": DIGEST,
    },
    {
        "kept": listing(CONTEXT, 2000),
        "clocks": listing(CONTEXT, 2000),
        "ahead": listing(PATH, 20_000),
        "gone": listing(PATH, 20_000),
        "skipped": listing(PATH, 20_000),
        "settings": listing(KEY, 200),
        "asked": CONTEXT,
        **_STEPS,
    },
    personal="reason",
)
_add("instance.cancelled", "engine", {"instance": UUID}, {"reason": TEXT}, personal="reason")

# ------------------------------------------------------------------- statements and releases
_TEXT: dict[str, Schema] = {"statement": ROW}
_VERSION: dict[str, Schema] = {"statement": ROW, "version": ROW}  # the version's number
_add(
    "statement.created",
    "statement",
    {**_TEXT, "kind": KEY},
    {"corrects": nullable(ROW), "approvals": listing(KEY, 20), "investigation_done": BOOL},
)
_add(
    "statement.version_added",
    "statement",
    {**_VERSION, "digest": DIGEST},
    {"id": ROW, "note": TEXT, "changed": listing(KEY, 50), "was": nullable(DIGEST)},
    personal="note",
)
_add(
    "approval.given",
    "statement",
    {
        **_VERSION,
        "digest": DIGEST,
        "kind": KEY,
        "decision": one_of("approve", "approve_with_edits", "return", "reject"),
    },
    {"id": ROW, "oral": BOOL, "comment": TEXT, "task": nullable(UUID), "person": ROW},
    personal="comment",
    exceptions={"oral": _true("oral")},
)
_add("approval.countersigned", "statement", {"statement": ROW, "id": ROW}, {"digest": DIGEST})
_add(
    "approval.voided",
    "statement",
    {"statement": ROW},
    {
        "version": ROW,
        "by_version": ROW,
        "kind": KEY,
        "id": ROW,
        "ids": listing(ROW, 100),
        "person": ROW,
        "digest": DIGEST,
        "reason": TEXT,
    },
    exceptions={"approval_voided": _ALWAYS},
)
_RELEASE: dict[str, Schema] = {
    "id": ROW,
    "release": ROW,
    "channel": ROW,
    "channel_name": TEXT,
    "account": TEXT,
    "link": TEXT,
    "task": nullable(UUID),
    "note": TEXT,
    "approvals": listing(ROW, 100),
    "reason": TEXT,
}
_add("statement.released", "statement", {**_VERSION, "digest": DIGEST}, _RELEASE)
_add(
    "statement.corrected",
    "statement",
    _TEXT,
    {**_RELEASE, "version": ROW, "digest": DIGEST, "by": ROW, "corrects": ROW},
)
_add("statement.link_added", "statement", {**_TEXT, "release": ROW, "link": TEXT}, {"was": TEXT})
_add("statement.withdrawn", "statement", _TEXT, {**_RELEASE, "version": ROW, "digest": DIGEST})
# Why: often for what the text said of somebody.
_add(
    "statement.withdrawn",
    "statement",
    {**_TEXT, "release": ROW},
    {"digest": DIGEST, "channel": ROW},
    personal="reason",
    version=2,
)

# -------------------------------------------------------------- report up, closing, archive
_LINE: dict[str, Schema] = {
    "id": ROW,
    "task": UUID,
    "method": TEXT,
    "late": INT,
    "met": BOOL,
    "due": nullable(MOMENT),
    "happened": MOMENT,
    "was": ANY,
    "reason": TEXT,
    "fields": listing(KEY, 50),
    "lag": INT,
}
_UNMET: dict[str, Schema] = {"late": {"properties": {"met": {"const": False}}, "required": ["met"]}}
_WHO = "to_whom by how note reason acknowledged_by acknowledged_how was"
_add("report.line_entered", "report", {"recipient": KEY}, _LINE, personal=_WHO, exceptions=_UNMET)
_add(
    "report.line_acknowledged",
    "report",
    {"recipient": KEY},
    _LINE,
    personal=_WHO,
    exceptions=_UNMET,
)
_add("report.line_corrected", "report", {"recipient": KEY}, _LINE, personal=_WHO, exceptions=_UNMET)
_add(
    "closing.confirmed",
    "case",
    {"met": BOOL},
    {
        "criterion": TEXT,
        "clause": TEXT,
        "note": TEXT,
        "task": UUID,
        # What was left open when the case was closed all the same, and why.
        "drafts": listing(ROW, 500),
        "unconfirmed": listing(ROW, 500),
        "reports": listing(UUID, 500),
        "open_work_reason": TEXT,
    },
    personal="note open_work_reason",
)
_add(
    "archive.item_recorded",
    "case",
    {"key": KEY, "present": BOOL},
    {"id": ROW, "name": TEXT, "where": TEXT, "note": TEXT, "task": UUID},
    personal="note where",
)

# Typed words destroyed: how many values (``by``: type of event, element path, field, n), drafts,
# files and signals; ``reason`` of a closed list, ``basis`` the law's articles.
_add(
    "personal.destroyed",
    "case",
    {"values": COUNT, "reason": KEY, "basis": listing(TEXT, 10)},
    {
        "drafts": COUNT,
        "files": COUNT,
        "signals": COUNT,
        "by": listing(CONTEXT, 20_000),
        "task": UUID,
    },
    exceptions={"destroyed": _ALWAYS},
)
# ``list``: the destruction list two people agreed to, when the term was over.
_add(
    "personal.destroyed",
    "case",
    {"values": COUNT, "reason": KEY, "basis": listing(TEXT, 10)},
    {
        "drafts": COUNT,
        "files": COUNT,
        "signals": COUNT,
        "by": listing(CONTEXT, 20_000),
        "task": UUID,
        "list": ROW,
    },
    version=2,
    exceptions={"destroyed": _ALWAYS},
)
# ``signal``: the hold is on a signal; in the organisation's chain while that is no case.
_add("hold.placed", "case", {"id": ROW}, {"signal": ROW}, personal="reason")
_add("hold.lifted", "case", {"id": ROW}, {"signal": ROW}, personal="reason")

# ------------------------------------------------------------------- intake, files, notices
_SIGNAL: dict[str, Schema] = {"signal": ROW}
_add(
    "signal.recorded",
    "intake",
    _SIGNAL,
    {"medium": TEXT, "source": TEXT, "fingerprint": TEXT, "duplicate_of": nullable(ROW)},
    personal="text link extra",
)
_add("signal.taken", "intake", _SIGNAL, {"case": ROW, "number": KEY})
_add("signal.dismissed", "intake", _SIGNAL, {"reason": TEXT}, personal="reason")
_add("signal.duplicate", "intake", {**_SIGNAL, "of": ROW}, {"reason": TEXT}, personal="reason")
# What was recorded of a signal that never became a case, destroyed by a list two people agreed to.
_add(
    "signal.destroyed",
    "intake",
    {**_SIGNAL, "values": COUNT, "files": COUNT, "reason": KEY, "basis": listing(TEXT, 10)},
    {"list": ROW},
    exceptions={"destroyed": _ALWAYS},
)
_add(
    "file.added",
    "intake",
    {"sha256": DIGEST},
    {"id": ROW, "mime": TEXT, "size": COUNT, "task": nullable(UUID), "signal": nullable(ROW)},
    personal="name note",
)
_add(
    "notification.sent",
    "notice",
    {"kind": KEY},
    {"to": listing(ROW, 1000), "task": nullable(UUID), "role": TEXT, "args": CONTEXT},
)

# ------------------------------------------------------------------------- the organisation
_add(
    "org.person_created",
    "org",
    {"person": ROW},
    {"roles": listing(KEY, 50), "demo": BOOL},
    personal="username name name_en phone",
    exceptions=_ADMIN,
)
_add(
    "org.person_changed",
    "org",
    {"person": ROW},
    {"fields": listing(KEY, 50), "active": BOOL, "password": BOOL},
    personal="username name name_en phone",
    exceptions=_ADMIN,
)
_ROLE: dict[str, Schema] = {
    "name": TEXT,
    "name_en": TEXT,
    "superior": nullable(KEY),
    "rank": INT,
    "created": BOOL,
    "was": CONTEXT,
}
_add("org.role_changed", "org", {"role": KEY}, _ROLE, exceptions=_ADMIN)
_add(
    "org.membership_changed",
    "org",
    {"person": ROW},
    {"added": listing(KEY, 50), "removed": listing(KEY, 50)},
    exceptions=_ADMIN,
)
_add(
    "org.deputy_set",
    "org",
    {"principal": ROW, "deputy": ROW, "role": KEY},
    {"since": MOMENT, "until": nullable(MOMENT), "reason": TEXT},
    personal="reason",
    exceptions=_ADMIN,
)
_add(
    "org.plan_deployed",
    "org",
    {"plan": KEY, "version": ROW, "hash": DIGEST},
    {"id": ROW, "files": COUNT, "note": TEXT, "warnings": COUNT},
    exceptions={"deployed_alone": _ALWAYS},
)
# ``proposal``: what was agreed to; ``approved_by`` the second person, ``alone`` that there was none
# because the unit had switched that off; ``was`` the version in force before.
_add(
    "org.plan_deployed",
    "org",
    {"plan": KEY, "version": ROW, "hash": DIGEST},
    {
        "id": ROW,
        "files": COUNT,
        "note": TEXT,
        "warnings": COUNT,
        "proposal": nullable(ROW),
        "proposed_by": nullable(ROW),
        "approved_by": nullable(ROW),
        "alone": BOOL,
        "document_number": TEXT,
        "review_on": TEXT,
        "was": nullable(ROW),
    },
    version=2,
    exceptions={"deployed_alone": _NOBODY_AGREED},
)
_add(
    "org.plan_rolled_back",
    "org",
    {"plan": KEY, "version": ROW, "hash": DIGEST},
    {
        "was": nullable(ROW),
        "note": TEXT,
        "proposal": nullable(ROW),
        "proposed_by": nullable(ROW),
        "approved_by": nullable(ROW),
        "alone": BOOL,
    },
    exceptions={"deployed_alone": _NOBODY_AGREED},
)
_DRAFT: dict[str, Schema] = {"plan": KEY, "draft": ROW}
_add("org.draft_opened", "org", _DRAFT, {"base": nullable(ROW), "files": COUNT, "imported": BOOL})
_add(
    "org.draft_saved",
    "org",
    {**_DRAFT, "revision": COUNT},
    {"files": CONTEXT, "what": TEXT, "undone": COUNT},
)
_add("org.draft_discarded", "org", _DRAFT)
_PROPOSAL: dict[str, Schema] = {"plan": KEY, "proposal": ROW}
_add(
    "org.plan_proposed",
    "org",
    {**_PROPOSAL, "kind": KEY, "hash": DIGEST},
    {
        "draft": nullable(ROW),
        "target": nullable(ROW),
        "base": nullable(ROW),
        "note": TEXT,
        "document_number": TEXT,
        "review_on": TEXT,
    },
)
_add("org.plan_approved", "org", _PROPOSAL, {"comment": TEXT, "hash": DIGEST})
_add("org.plan_refused", "org", _PROPOSAL, {"comment": TEXT})
_add("org.plan_withdrawn", "org", _PROPOSAL)
# One batch of cases moved to a version. ``moved``: how many from each version (its number),
# ``stayed``: how many could not be.
_add(
    "org.cases_migrated",
    "org",
    {"plan": KEY, "to_version": ROW, "to_number": INT, "to_hash": DIGEST},
    {"moved": CONTEXT, "stayed": COUNT, "cases": listing(KEY, 2000)},
    personal="reason",
    exceptions=_ADMIN,
)
# An exception on record: plans come into force without (``on`` False) a second person.
_add(
    "org.four_eyes_changed",
    "org",
    {"on": BOOL},
    {"reason": TEXT, "was": BOOL},
    exceptions={
        "four_eyes_relaxed": {"properties": {"on": {"const": False}}, "required": ["on"]},
        "admin_act": _ALWAYS,
    },
)
_add("org.signed_in", "org", {"person": ROW}, {"method": TEXT, "demo": BOOL}, personal="address")
_add(
    "org.sign_in_failed",
    "org",
    {},
    {"failures": COUNT, "wait": NUMBER, "reason": TEXT},
    personal="username address",
)
_add(
    "org.switched_person",
    "org",
    {"person": ROW},
    {"from": nullable(ROW), "demo": BOOL},
    personal="address",
)
_add("org.setting_changed", "org", {"key": KEY}, {"value": ANY, "was": ANY}, exceptions=_ADMIN)
# ``plan``: a setting of that plan; without it, of the organisation.
_add(
    "org.setting_changed",
    "org",
    {"key": KEY},
    {"plan": KEY, "value": ANY, "was": ANY},
    personal="reason",
    version=2,
    exceptions=_ADMIN,
)
_add(
    "org.channel_changed",
    "org",
    {"channel": ROW},
    {
        "name": TEXT,
        "name_en": TEXT,
        "account": TEXT,
        "url": TEXT,
        "active": BOOL,
        "created": BOOL,
        "was": CONTEXT,
    },
    exceptions=_ADMIN,
)

# -------------------------------------------------------------- keeping and destroying cases
_TERM: dict[str, Schema] = {"name": TEXT, "name_en": TEXT, "years": nullable(INT), "active": BOOL}
_add("org.term_changed", "org", {"key": KEY}, {**_TERM, "was": CONTEXT}, exceptions=_ADMIN)
_add(
    "org.retention_set",
    "org",
    {"plan": KEY, "term": nullable(KEY)},
    {"was": nullable(KEY)},
    exceptions=_ADMIN,
)
_add(
    "org.signal_retention_set",
    "org",
    {"term": KEY},
    {"was": nullable(KEY)},
    exceptions=_ADMIN,
)
_LIST: dict[str, Schema] = {"list": ROW}
_add(
    "org.destruction_proposed",
    "org",
    {**_LIST, "digest": DIGEST},
    {"cases": listing(KEY, 5000), "signals": listing(ROW, 5000), "note": TEXT},
)
_add("org.destruction_approved", "org", {**_LIST, "digest": DIGEST}, personal="comment")
_add("org.destruction_refused", "org", {**_LIST, "digest": DIGEST}, personal="comment")
_add("org.destruction_withdrawn", "org", _LIST)
_add(
    "org.destruction_carried_out",
    "org",
    _LIST,
    {
        "destroyed": listing(KEY, 5000),
        "held": listing(KEY, 5000),
        "signals": listing(ROW, 5000),  # destroyed
        "signals_held": listing(ROW, 5000),
        "values": COUNT,
        "files": COUNT,
    },
)

# ------------------------------------------------------------------------- the audit room
# In a chain of its own ("audit"): what was looked at leaves no trace in what is looked at.
_add(
    "audit.opened",
    "audit",
    {"what": KEY},
    {"case": ROW, "id": ANY, "args": CONTEXT},
)
_add("audit.searched", "audit", {"filter": CONTEXT}, {"search": ROW})
_add("audit.search_saved", "audit", {"search": ROW, "filter": CONTEXT}, personal="name")
_add("audit.search_removed", "audit", {"search": ROW})
_add(
    "audit.exported",
    "audit",
    {"format": KEY},
    {
        "job": ROW,
        "case": ROW,
        "filter": CONTEXT,
        "events": COUNT,
        "size": COUNT,
        "digest": DIGEST,
        "masked": BOOL,
    },
)
_add(
    "audit.bundle_made",
    "audit",
    {"case": ROW, "seq": COUNT, "head": TEXT, "manifest": DIGEST},
    {"masked": BOOL, "size": COUNT, "files": COUNT, "package": BOOL},
)
# A case, or a signal that is none yet.
_add(
    "audit.unmasked",
    "audit",
    {"until": MOMENT},
    {"case": ROW, "signal": ROW},
    personal="reason",
    exceptions={"unmasked": _ALWAYS},
)
_add(
    "audit.verified",
    "audit",
    {"chain": KEY, "ok": BOOL},
    {"length": COUNT, "head": TEXT, "reason": TEXT, "first_break": nullable(INT), "erased": COUNT},
)
# The day's heads of all chains: ``digest`` is the SHA-256 of the list kept beside it.
_add(
    "heads.sealed",
    "audit",
    {"day": KEY, "chains": COUNT, "digest": DIGEST},
    {"was": nullable(KEY)},
)
_add("heads.lodged", "audit", {"day": KEY, "how": one_of("file", "mail", "print")})
_add("org.signing_key_made", "org", {"fingerprint": DIGEST}, {"public": TEXT, "was": TEXT})
