"""The values that cross the engine floor, in and out.

Nothing here imports SpiffWorkflow: services, tests and the history registry
speak in these types only. All datetimes are timezone-aware UTC. Durations are
ISO 8601. Paths name an element across called processes and sub-processes:
``callActivityId/elementId``; a multi-instance scope is ``callActivityId[2]/elementId``
(zero-based). Top-level elements have the bare id as their path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

#: A FEEL value as Python holds it. Dates stay dates (encoded by type when they cross
#: into V8 and when state is stored), numbers are int/float/Decimal, contexts are dicts.
FeelValue = Any
Variables = Mapping[str, FeelValue]

DeadlineKind = Literal["remind", "due", "escalate"]
InstanceStatus = Literal["running", "completed", "incident"]


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """What working-day arithmetic needs. ``holidays`` are days off that fall on weekdays,
    ``workdays`` are weekend days worked (调休). ``zone`` is an IANA name; "end of day" is
    23:59:59 in that zone."""

    zone: str = "Asia/Shanghai"
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a step may know of the world outside its own state.

    ``anchors`` are the case's recorded moments (name -> when it really happened) and are
    visible to FEEL as variables of that name; an anchor not yet recorded is absent.
    """

    now: datetime
    anchors: Mapping[str, datetime] = field(default_factory=dict)
    calendar: WorkCalendar = WorkCalendar()


# ---------------------------------------------------------------- definition


@dataclass(frozen=True, slots=True)
class FormField:
    """One ``camunda:formField``. ``type`` is string, text, long, double, boolean, date,
    datetime or enum (``text`` is a string field with property widget=textarea)."""

    id: str
    label: str
    type: str
    label_en: str = ""
    default: str | None = None
    required: bool = False
    options: tuple[tuple[str, str, str], ...] = ()  # (value, zh, en) of an enum
    help: str = ""
    help_en: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    constraints: Mapping[str, str] = field(default_factory=dict)  # minlength, maxlength, min, max

    @property
    def typed(self) -> bool:
        """Whether it takes words a person types, or what the plan says is personal data of members
        of the public (property ``personal="true"``), be it a figure: not kept in the open, so that
        it can be destroyed."""
        personal = self.properties.get("personal", "").strip().lower() == "true"
        return personal or self.type in ("string", "text")


@dataclass(frozen=True, slots=True)
class Element:
    """What is known of a flow element before anything runs."""

    id: str
    path: str
    kind: str  # BPMN local name: userTask, serviceTask, businessRuleTask, callActivity, ...
    name: str
    name_en: str = ""
    lane: str = ""  # innermost lane's name; a called process inherits none
    process_id: str = ""  # the process (of the main or a called file) it stands in
    candidate_groups: tuple[str, ...] = ()  # role keys, abstract keys already bound
    candidate_users: tuple[str, ...] = ()
    assignee: str = ""
    form_key: str = ""
    form_fields: tuple[FormField, ...] = ()
    priority: int = 50
    follow_up: str = ""  # FEEL or ISO 8601, evaluated when the task opens
    not_same_as: tuple[str, ...] = ()  # paths whose last completer may not take this task
    clauses: tuple[str, ...] = ()  # property "clause": ids such as P11-D1, space separated
    origin: str = "text"  # property "origin": text | lost | baseline | replaced | overlay
    topic: str = ""  # external service task
    attached_to: str = ""  # boundary event: path of its host
    interrupting: bool = True
    deadline_kind: DeadlineKind | None = None  # timer boundary: property "deadlineKind"
    escalate_to: str = ""  # timer boundary: property "escalateTo", a role key
    anchor: str = ""  # timer: property "anchor", the name the clock counts from
    timer: str = ""  # the timer's text as written
    timer_kind: Literal["", "date", "duration", "cycle"] = ""
    decision_ref: str = ""
    documentation: str = ""
    documentation_en: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong (or doubtful) with an uploaded plan. ``code`` is stable and is what
    the interface translates, with ``args`` to fill it; ``element`` is the element's id where
    there is one, ``file`` the file it stands in."""

    code: str
    severity: Literal["error", "warning"]
    file: str = ""
    element: str = ""
    args: Mapping[str, str] = field(default_factory=dict)


class DeploymentError(Exception):
    """A bundle that may not be deployed. ``findings`` holds at least one error."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(f"{f.file}#{f.element}: {f.code}" for f in findings))


class EngineRefusal(Exception):
    """A command the state does not allow (task not open, unknown timer, no such message).
    ``code``: ``task_not_open``, ``timer_not_waiting``, ``message_not_expected``,
    ``external_not_waiting``, ``not_running``."""

    def __init__(self, code: str, **args: str) -> None:
        self.code = code
        self.args_ = args
        super().__init__(f"{code} {args}")


# ------------------------------------------------------------------- advance


@dataclass(frozen=True, slots=True)
class TaskOpened:
    """A user task that is now somebody's turn."""

    id: str  # the engine task's UUID, stable until the task ends
    path: str
    element_id: str
    round: int  # 1 for the first time this path opens in the instance
    due_at: datetime | None
    follow_up_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DueMoved:
    """An open task whose due moment was counted again (an anchor recorded or corrected), with
    or without a timer of its own."""

    id: str
    path: str
    was: datetime | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class TaskClosed:
    """A user task that is nobody's turn any more."""

    id: str
    path: str
    element_id: str
    round: int
    outcome: Literal["completed", "cancelled"]
    by: str = ""  # for a cancelled task: path of the element that cancelled it, if known


@dataclass(frozen=True, slots=True)
class TimerSet:
    """``id`` is stable for the timer's life; a cycle re-arms under the same id. A TimerSet
    for an id that is already waiting replaces its moment (anchor corrected, cycle)."""

    id: str
    path: str
    element_id: str
    due_at: datetime
    task_id: str | None = None  # the open user task whose deadline this is
    deadline_kind: DeadlineKind | None = None
    escalate_to: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer whose moment has come; as it was set (`TimerSet`)."""

    id: str
    path: str
    element_id: str
    due_at: datetime
    task_id: str | None = None
    deadline_kind: DeadlineKind | None = None
    escalate_to: str = ""


@dataclass(frozen=True, slots=True)
class ElementPassed:
    """One element entered or left, in order, for replay and the coloured diagram. ``flow``
    is the id of the sequence flow by which it was entered ("" for a start or boundary)."""

    path: str
    element_id: str
    kind: str
    state: Literal["entered", "completed", "cancelled"]
    flow: str = ""
    round: int = 1


@dataclass(frozen=True, slots=True)
class DecisionTaken:
    """A gateway's choice or a decision table's answer."""

    path: str
    element_id: str
    decision: str  # decision id, or "" for a gateway
    inputs: Mapping[str, FeelValue]
    matched: tuple[str, ...]  # ids of the rules that matched / of the flows taken
    output: FeelValue
    rule_texts: tuple[str, ...] = ()  # the matched rules' annotation, Chinese


@dataclass(frozen=True, slots=True)
class Intent:
    """Work for the outside, done after the commit: an external service task (``task_id``
    set; answered by `engine.answer_external`) or a thrown message or signal."""

    topic: str
    payload: Mapping[str, FeelValue]
    path: str
    task_id: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentRaised:
    """The step could not be taken; the state is the one before it. ``code`` is stable:
    no_flow_true, condition_null, condition_error, decision_no_match, decision_overlap,
    timer_invalid, expression_error, expression_timeout, engine_error."""

    code: str
    path: str
    element_id: str
    message: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Advance:
    """All that one step did. ``state`` is opaque and is what the next step is given."""

    state: bytes
    status: InstanceStatus
    variables: Variables  # the root scope after the step
    end_events: tuple[str, ...] = ()  # paths of end events reached in this step
    opened: tuple[TaskOpened, ...] = ()
    closed: tuple[TaskClosed, ...] = ()
    due_moved: tuple[DueMoved, ...] = ()
    timers_set: tuple[TimerSet, ...] = ()
    timers_dropped: tuple[str, ...] = ()
    timers_fired: tuple[TimerFired, ...] = ()
    passed: tuple[ElementPassed, ...] = ()
    decisions: tuple[DecisionTaken, ...] = ()
    intents: tuple[Intent, ...] = ()
    incidents: tuple[IncidentRaised, ...] = ()
