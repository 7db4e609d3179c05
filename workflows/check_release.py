"""Nothing goes out unapproved, and nobody approves their own draft.

Judged over the whole plan with its calls in place: a release drawn in one file may lack its
approval in another. Services refuse an unapproved release and an approval of one's own draft in
any case (`services.releases`, `services.approvals`); here the author is told before a case stands
still at that refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from workflows import check_conditions
from workflows.catalogue import Catalogue
from workflows.check_walk import Walk, named, walk
from workflows.contract import Element
from workflows.findings import Findings

DRAFT: Final = "planroom:statement-draft"
REVIEW: Final = "planroom:statement-review"
APPROVE: Final = "planroom:statement-approve"
RELEASE: Final = "planroom:statement-release"
#: What an approval may answer that is no approval.
_REFUSED: Final = ("return", "reject")


@dataclass(frozen=True, slots=True)
class Pair:
    """An approval or review and a draft that comes to it; ``apart``: ``notSameAs`` keeps the two
    from one person."""

    approval: Element
    draft: Element
    apart: bool


def check(catalogue: Catalogue, found: Findings) -> None:
    """Adds ``approver_may_be_drafter``, ``release_unapproved``, ``release_after_refusal``
    (errors), ``reviewer_may_be_drafter`` and ``outcome_ignored`` (warnings)."""
    if not _of(catalogue, APPROVE, REVIEW, RELEASE):
        return
    ways = walk(catalogue)
    for pair in _pairs(catalogue, ways):
        _four_eyes(catalogue, pair, found)
    _releases(catalogue, ways, found)


def pairs(catalogue: Catalogue) -> list[Pair]:
    """Every approval and review with each draft that may come to it."""
    return list(_pairs(catalogue, walk(catalogue))) if _of(catalogue, DRAFT) else []


def is_final(element: Element) -> bool:
    """The approval without which nothing is released."""
    return element.form_key == APPROVE or (
        element.kind == "userTask" and element.properties.get("approvalKind") == "final"
    )


def _of(catalogue: Catalogue, *forms: str) -> list[Element]:
    return [element for element in catalogue.elements.values() if element.form_key in forms]


# ------------------------------------------------------------------ four eyes


def _pairs(catalogue: Catalogue, ways: Walk) -> Iterator[Pair]:
    drafts = {element.path: element for element in _of(catalogue, DRAFT)}
    if not drafts:
        return
    # Behind a draft or a release another statement is in hand.
    stops = {*drafts, *(element.path for element in _of(catalogue, RELEASE))}
    for element in catalogue.elements.values():
        if is_final(element) or element.form_key == REVIEW:
            for path in sorted(ways.back(element.path, not_past=stops) & drafts.keys()):
                yield Pair(element, drafts[path], path in element.not_same_as)


def _four_eyes(catalogue: Catalogue, pair: Pair, found: Findings) -> None:
    approval, draft = pair.approval, pair.draft
    if pair.apart:
        return
    args = {**named("task", approval), **named("draft", draft), "draft_id": draft.id}
    file = catalogue.file_of(approval)
    if is_final(approval):
        found.error("approver_may_be_drafter", file, approval.id, **args)
    elif set(approval.candidate_groups) & set(draft.candidate_groups):
        found.warning("reviewer_may_be_drafter", file, approval.id, **args)


# ------------------------------------------------------------------- releases


def _releases(catalogue: Catalogue, ways: Walk, found: Findings) -> None:
    releases = {element.path: element for element in _of(catalogue, RELEASE)}
    if not releases:
        return
    approvals = {e.path: e for e in catalogue.elements.values() if is_final(e)}
    drafts = _of(catalogue, DRAFT)
    told = set[str]()
    for seed in (ways.start, *(draft.path for draft in drafts)):
        for path in sorted(ways.reach([seed], not_past=approvals.keys()) & releases.keys() - told):
            told.add(path)
            origin = catalogue.elements.get(seed)
            found.error(
                "release_unapproved", catalogue.file_of(releases[path]), releases[path].id,
                **named("task", releases[path]), **(named("origin", origin) if origin else {}),
            )  # fmt: skip
    stops = {*approvals, *(draft.path for draft in drafts)}
    for approval in approvals.values():
        onward, judged = _refused(ways, approval)
        for path in sorted(ways.reach(onward, not_past=stops) & releases.keys() - told):
            release = releases[path]
            args = {**named("task", release), **named("approval", approval)}
            if judged:
                found.error("release_after_refusal", catalogue.file_of(release), release.id, **args)
            else:
                file = catalogue.file_of(approval)
                found.warning("outcome_ignored", file, approval.id, **args)


def _refused(ways: Walk, approval: Element) -> tuple[list[str], bool]:
    """Where the plan goes on when the approval is refused, and whether a gateway asks at all."""
    here = approval.path
    for _ in range(10):  # what stands between an approval and its gateway is at most a few steps
        flows = ways.flows.get(here, [])
        if len(flows) != 1:
            break
        here = flows[0].target
    else:
        return [], True
    name = f"{approval.id}.decision"
    if not any(name in flow.condition for flow in flows):
        return [flow.target for flow in ways.flows.get(approval.path, [])], False
    onward: dict[str, None] = {}
    for decision in _REFUSED:
        values: Mapping[str, object] = {name: decision}
        for flow in check_conditions.open_flows(flows, values):
            onward[flow.target] = None
    return list(onward), True
