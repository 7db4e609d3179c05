"""Who does what by when: roles, forms, deadlines, four-eyes. Judged in every place, since a
called process has the roles of its caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from workflows import elements
from workflows.catalogue import Catalogue, Place, resolve
from workflows.diagram import FlowNode, camunda, words
from workflows.findings import Findings

FORM_KEYS: Final = frozenset(
    {"planroom:grade", "planroom:statement-draft", "planroom:statement-review",
     "planroom:statement-approve", "planroom:statement-release", "planroom:report-up",
     "planroom:closing", "planroom:archive", "planroom:destroy"}
)  # fmt: skip
FIELD_TYPES: Final = frozenset(
    {"string", "text", "long", "double", "boolean", "date", "datetime", "enum"}
)
ORIGINS: Final = frozenset({"text", "lost", "baseline", "replaced", "overlay", "unit"})
APPROVAL_KINDS: Final = frozenset({"review", "secrecy", "legal", "countersign", "final"})
#: Moments every case has (docs/developers.md).
CASE_ANCHORS: Final = frozenset({"discovered_at", "opened_at", "graded_at"})


def anchors(catalogue: Catalogue, manifest: Mapping[str, Any]) -> frozenset[str]:
    """All anchor names: the case's own, the manifest's, and those a task sets."""
    declared = {str(anchor.get("key", "")) for anchor in manifest.get("anchors") or ()}
    set_by_tasks = {
        element.properties["setsAnchor"]
        for element in catalogue.elements.values()
        if element.properties.get("setsAnchor")
    }
    return CASE_ANCHORS | declared | set_by_tasks


def check(catalogue: Catalogue, manifest: Mapping[str, Any], found: Findings) -> None:
    known = anchors(catalogue, manifest)
    for place in catalogue.root.walk():
        for node in place.scope.nodes.values():
            _Node(catalogue, place, node, known, found).check()


class _Node:
    def __init__(
        self, catalogue: Catalogue, place: Place, node: FlowNode, known: frozenset[str],
        found: Findings,
    ) -> None:  # fmt: skip
        self.catalogue = catalogue
        self.place = place
        self.node = node
        self.known = known
        self.found = found
        self.own = node.properties
        self.element = catalogue.elements[place.path_of(node.id)]

    def error(self, code: str, **args: str) -> None:
        self.found.error(code, self.node.scope.process.file, self.node.id, **args)

    def warning(self, code: str, **args: str) -> None:
        self.found.warning(code, self.node.scope.process.file, self.node.id, **args)

    def check(self) -> None:
        origin = self.own.get("origin", "")
        if origin and origin not in ORIGINS:
            self.error("unknown_origin", origin=origin)
        if self.node.kind == "userTask":
            self._roles()
            self._form()
            self._due()
        elif camunda(self.node.node, "formKey"):
            self.error("form_on_wrong_element", form=camunda(self.node.node, "formKey"))
        self._deadline()
        self._anchor()
        for name in words(self.own.get("notSameAs", "")):
            self._not_same_as(name)

    def _roles(self) -> None:
        element = self.element
        for role in element.candidate_groups:
            if role not in self.place.roles.values():
                self.error("unknown_role", role=role)
        if not (element.candidate_groups or element.candidate_users or element.assignee):
            self.error("no_candidate_group")
        if self.own.get("approvalKind", "final") not in APPROVAL_KINDS:
            self.error("unknown_approval_kind", kind=self.own["approvalKind"])

    def _form(self) -> None:
        key = self.element.form_key
        if key and key not in FORM_KEYS:
            self.error("unknown_form", form=key)
        seen: set[str] = set()
        for item in self.element.form_fields:
            if not item.id:
                self.error("field_without_id")
            elif item.id in seen:
                self.error("duplicate_field", field=item.id)
            seen.add(item.id)
            if item.type not in FIELD_TYPES:
                self.error("unknown_field_type", field=item.id, type=item.type)
            if item.type == "enum" and not item.options:
                self.error("enum_without_values", field=item.id)
            if item.type == "enum" and item.default:
                values = {value for value, *_ in item.options}
                if item.default not in values:
                    self.error("bad_field_default", field=item.id, default=item.default)
            self._constraints(item.id, item.constraints)

    def _constraints(self, field: str, constraints: Mapping[str, str]) -> None:
        for name, text in constraints.items():
            if name not in {"minlength", "maxlength", "min", "max"}:
                self.error("unknown_constraint", field=field, constraint=name)
            elif not _is_number(text, whole=name.endswith("length")):
                self.error("bad_constraint", field=field, constraint=name, value=text)

    def _due(self) -> None:
        written = camunda(self.node.node, "dueDate")
        dues = [
            timer for timer in self._timers_over() if timer.properties.get("deadlineKind") == "due"
        ]
        if written and dues:
            self.error("two_deadlines", timer=dues[0].id)
        elif written:
            self.warning("due_date_not_watched", due=written)
        own = [timer.id for timer in dues if timer.attached_to == self.node.id]
        if len(own) > 1:
            self.error("several_due", timers=", ".join(own))

    def _timers_over(self) -> list[FlowNode]:
        """Timer boundary events on the task, or on a sub-process it stands in."""
        timers = list(self.place.scope.boundaries(self.node.id))
        for place in self.place.up():
            if place.parent is not None:
                timers += place.parent.scope.boundaries(place.path.rpartition("/")[2])
        return [timer for timer in timers if timer.event == "timer"]

    def _deadline(self) -> None:
        kind = self.own.get("deadlineKind", "")
        target = self.own.get("escalateTo", "")
        on_clock = self.node.event == "timer" and self.node.kind in {"boundaryEvent", "startEvent"}
        if kind and kind not in elements.DEADLINE_KINDS:
            self.error("unknown_deadline_kind", kind=kind)
        if (kind or target) and not on_clock:
            self.error("deadline_without_timer")
        if kind == "escalate" and not target:
            self.error("escalate_to_missing")
        if target and self.place.roles.get(target, target) not in self.place.roles.values():
            self.error("unknown_role", role=target, property="escalateTo")

    def _anchor(self) -> None:
        anchor = self.own.get("anchor", "")
        if anchor and anchor not in self.known:
            self.error("unknown_anchor", anchor=anchor)
        if self.own.get("setsAnchor") and self.node.kind != "userTask":
            self.error("anchor_on_wrong_element", anchor=self.own["setsAnchor"])

    def _not_same_as(self, name: str) -> None:
        path = resolve(self.place, name)
        other = self.catalogue.elements.get(path)
        if other is None:
            self.error("not_same_as_unknown", other=name)
        elif other.kind != "userTask":
            self.error("not_same_as_no_task", other=name)
        elif path == self.element.path:
            self.error("not_same_as_itself", other=name)


def _is_number(text: str, *, whole: bool) -> bool:
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        return False
    return number == number and (not whole or number >= 0)
