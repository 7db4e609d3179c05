"""What a plan asks less of than the version in force: fewer approvals, longer deadlines, fewer
pairs of eyes. All may be right; the second person is to see them before agreeing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from workflows import iso8601
from workflows.catalogue import Catalogue
from workflows.check_release import APPROVE, RELEASE, REVIEW, is_final
from workflows.check_walk import named
from workflows.contract import Element
from workflows.findings import Findings

#: The spans in a timer's text, by which two texts are compared.
_SPAN: Final = re.compile(r'duration\(\s*"([^"]+)"\s*\)|(?<![\w."])(\d+)(?![\w."])')


def check(
    before: Catalogue, manifest_before: Mapping[str, Any], now: Catalogue,
    manifest: Mapping[str, Any], found: Findings,
) -> None:  # fmt: skip
    """Adds the warnings ``approval_removed``, ``approval_rule_removed``,
    ``approval_rule_narrowed``, ``deadline_removed``, ``deadline_lengthened``,
    ``deadline_changed``, ``escalation_removed`` and ``four_eyes_removed``, each with what stood
    there ``before`` and what stands there ``after``. A called process is compared once, wherever
    it is called."""
    for element in before.written():
        after = now.elements.get(element.path) or _moved(element, now)
        if element.form_key in (APPROVE, REVIEW) or is_final(element):
            _approval(before, element, after, now, found)
        if element.kind == "userTask" and after is not None:
            _four_eyes(element, after, now, found)
        if element.deadline_kind in ("due", "escalate"):
            _deadline(before, element, after, now, found)
    _limits(before, now, found)
    _rules(manifest_before, manifest, found)


def _moved(element: Element, now: Catalogue) -> Element | None:
    """The same element of the same process, standing elsewhere."""
    return next(
        (
            one for one in now.elements.values()
            if one.id == element.id and one.process_id == element.process_id
        ),
        None,
    )  # fmt: skip


def _file(catalogue: Catalogue, element: Element, now: Catalogue) -> str:
    process = now.processes.get(element.process_id)
    return process.file if process is not None else catalogue.file_of(element)


def _approval(
    before: Catalogue, element: Element, after: Element | None, now: Catalogue, found: Findings
) -> None:
    if after is not None and (after.form_key == element.form_key or is_final(after)):
        return
    # Drawn anew under another id: in the same process an approval of the kind stands there still.
    kind = element.properties.get("approvalKind", "")
    if any(
        one.process_id == element.process_id
        and one.form_key == element.form_key
        and one.properties.get("approvalKind", "") == kind
        and one.path not in before.elements
        for one in now.elements.values()
    ):
        return
    if after is None and _releases(before) and not _releases(now):
        return  # nothing is released any more either
    found.warning(
        "approval_removed", _file(before, element, now), element.id if after else "",
        **named("task", element), before=", ".join(element.candidate_groups),
    )  # fmt: skip


def _releases(catalogue: Catalogue) -> bool:
    return any(element.form_key == RELEASE for element in catalogue.elements.values())


def _four_eyes(element: Element, after: Element, now: Catalogue, found: Findings) -> None:
    gone = _ids(set(element.not_same_as) - set(after.not_same_as), now)
    if gone:
        found.warning(
            "four_eyes_removed", now.file_of(after), after.id, **named("task", after),
            before=" ".join(gone), after=" ".join(_ids(after.not_same_as, now)) or "—",
        )  # fmt: skip


def _ids(paths: Iterable[str], now: Catalogue) -> list[str]:
    """Those whose element is still there: a task that is gone needs no second pair of eyes."""
    return sorted(path.rpartition("/")[2] for path in paths if path in now.elements)


def _deadline(
    before: Catalogue, timer: Element, after: Element | None, now: Catalogue, found: Findings
) -> None:
    host = before.elements.get(timer.attached_to, timer)
    file = _file(before, timer, now)
    kept = now.elements.get(timer.attached_to)
    if after is None or after.deadline_kind != timer.deadline_kind:
        if kept is None or any(
            one.attached_to == timer.attached_to and one.deadline_kind == timer.deadline_kind
            for one in now.elements.values()
        ):
            return  # the task is gone too, or another timer does the same
        args = {**named("task", host), "before": timer.timer}
        if timer.deadline_kind == "due":
            found.warning("deadline_removed", file, kept.id, **args)
        else:
            found.warning("escalation_removed", file, kept.id, **args)
    elif timer.deadline_kind == "due" and after.timer != timer.timer:
        _compare(timer.timer, after.timer, file, after.id, named("task", host), found)


def _compare(
    before: str, after: str, file: str, element: str, named_: Mapping[str, str], found: Findings
) -> None:
    args = {**named_, "before": before, "after": after}
    longer = _longer(before, after)
    if longer is True:
        found.warning("deadline_lengthened", file, element, **args)
    elif longer is None:
        found.warning("deadline_changed", file, element, **args)


def _longer(before: str, after: str) -> bool | None:
    """Whether ``after`` leaves more time; None where the two cannot be compared."""
    frame, old = _spans(before)
    other, new = _spans(after)
    if frame != other or len(old) != len(new) or None in old or None in new:
        return None
    changed = [(one, two) for one, two in zip(old, new, strict=True) if one != two]
    if not changed:
        return False
    signs = {two > one for one, two in changed if one is not None and two is not None}
    return signs.pop() if len(signs) == 1 and "-" not in frame else None


def _spans(text: str) -> tuple[str, list[timedelta | None]]:
    """The text with its spans left out, and the spans. A bare number is one of days."""
    text = text.strip().removeprefix("=").strip()
    if iso8601.looks_like(text):
        return "span", [_duration(text)]
    spans = [
        _duration(found[1]) if found[1] else timedelta(days=int(found[2]))
        for found in _SPAN.finditer(text)
        if found[1] or len(found[2]) < 6
    ]
    return re.sub(r"\s+", "", _SPAN.sub("#", text)), spans


_ISO: Final = re.compile(
    r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?", re.ASCII
)


def _duration(text: str) -> timedelta | None:
    found = _ISO.fullmatch(text.strip())
    if found is None or not any(found.groups()) or any(len(n or "") > 6 for n in found.groups()):
        return None
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _limits(before: Catalogue, now: Catalogue, found: Findings) -> None:
    """The spans that calls hand in (``limit`` of ``report_up``): deadlines as well."""
    for path, call in before.calls.items():
        other, element = now.calls.get(path), now.elements.get(path)
        if other is None or element is None or other.process_id != call.process_id:
            continue
        given = {one.target: one.expression or one.source for one in other.ins}
        for mapping in call.ins:
            text = mapping.expression or mapping.source
            after = given.get(mapping.target, "")
            if text != after and _spans(text)[1] and "duration" in text:
                told = named("task", element)
                if not after or after == "null":
                    args = {**told, "before": text}
                    found.warning("deadline_removed", now.file_of(element), element.id, **args)
                else:
                    _compare(text, after, now.file_of(element), element.id, told, found)


def _rules(before: Mapping[str, Any], now: Mapping[str, Any], found: Findings) -> None:
    """Rows of ``[[approvals]]``: without one a statement goes out without that approval, and so it
    does at a tier that a row no longer names."""
    asked, kept = _asked(before), _asked(now)
    tiers = {str(row["key"]): row for row in now.get("tiers") or ()}
    for kind, (row, known) in asked.items():
        name = str(row.get("name") or kind)
        args = {"task": name, "task_en": str(row.get("name_en") or name)}
        if kind not in kept:
            found.warning("approval_rule_removed", "plan.toml", "", **args)
            continue
        gone = [key for key in tiers if key in known and key not in kept[kind][1]]
        if gone:
            names = [str(tiers[key].get("name") or key) for key in gone]
            english = [str(tiers[key].get("name_en") or tiers[key].get("name") or key)
                       for key in gone]  # fmt: skip
            args |= {"tiers": "、".join(names), "tiers_en": ", ".join(english)}
            found.warning("approval_rule_narrowed", "plan.toml", "", **args)


def _asked(manifest: Mapping[str, Any]) -> dict[str, tuple[Mapping[str, Any], set[str]]]:
    """The approvals by kind: a row of it, and the tiers at which any row asks for it."""
    every = {str(row["key"]) for row in manifest.get("tiers") or ()}
    found: dict[str, tuple[Mapping[str, Any], set[str]]] = {}
    for row in manifest.get("approvals") or ():
        own = found.setdefault(str(row.get("kind")), (row, set()))[1]
        own |= set(row["tiers"]) if row.get("tiers") else every
    return found
