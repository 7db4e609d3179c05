"""Personal data of members of the public, kept from auditors until they ask for it with a reason.

The policy. Who works on a case, and everybody else who sees it without the auditor's role, sees it
as it is. Who sees it as an auditor only sees that something was written and of what kind, until the
case is unmasked for them (`services.unmasking`), for an hour and on record. Masked as a whole are:
who told us and their telephone, links to where it was said, names of files, and the fields of forms
that hold names, telephones, accounts, identity cards and addresses (`services.masking_fields`). In
all other text what has the shape of such data is masked (`services.masking_text`), and so is every
name known from the fields above, wherever else it stands in the same case.

Not masked: the unit's own people, offices and superiors, the public accounts of the unit, and what
has been published. A name that stands in running text only, with nothing about it to tell it by, is
not found; plans ask for names in fields of their own for that.

A mask is made for one person, one case and one moment; for a page of several cases, `masks_for`
makes them together in a few queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.audit import Unmasking
from models.cases import Case, CaseMember, CaseRole
from models.history import HistoryEvent
from models.intake import Signal
from models.people import Person
from services import access
from services.definitions import static_path
from services.masking_fields import EVENT_FIELDS, PAYLOAD_WORDS, Fields, kinds_of
from services.masking_known import known_of_cases, known_of_signals
from services.masking_text import TOKENS, is_machine, masked, replacer
from services.rows import portions
from services.typed_words import is_destroyed
from workflows.contract import Element, FormField


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Mask:
    """What a person may not see of a case. ``on`` False: they see all of it, and every method
    returns what it was given. Nothing given is ever changed in place. ``fields`` are the forms'
    personal ones, ``known`` masks the words known from them; ``blind``: those words have been
    destroyed with the case's personal data, so that nothing tells a name any more."""

    on: bool = False
    fields: Fields = field(default_factory=dict)
    known: Callable[[str], str] = _as_it_is
    blind: bool = False

    def text(self, text: str) -> str:
        """Running text."""
        return masked(self.known(text)) if self.on and text else text

    def unpublished(self, text: str) -> str:
        """Words about a text for the public, and the text while it is not out. They outlive the
        names that would be masked in them (`services.destruction`); then they are masked whole."""
        if self.on and self.blind and text:
            return TOKENS["other"]
        return self.text(text)

    def any(self, value: Any) -> Any:
        """A value of events or forms: text in it at any depth is running text."""
        if not self.on or is_destroyed(value):
            return value
        if isinstance(value, str):
            return value if is_machine(value) else self.text(value)
        if isinstance(value, Mapping):
            return {name: self.any(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.any(part) for part in value]
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= 10**10:
            # A telephone number kept as a figure.
            return value if masked(str(value)) == str(value) else masked(str(value))
        return value

    def whole(self, value: Any, kind: str) -> Any:
        """A value that is personal data altogether: its kind's token; empty stays empty."""
        if not self.on or value is None or value == "" or is_destroyed(value):
            return value
        if isinstance(value, Mapping | list | tuple) and not value:
            return value
        return TOKENS[kind]

    def file_name(self, name: str) -> str:
        """A file's name: only what it ends in."""
        if not self.on or not name:
            return name
        suffix = PurePath(name).suffix
        return TOKENS["file"] + (suffix if suffix.isascii() and len(suffix) <= 6 else "")

    def link(self, link: str) -> str:
        """Where something was said."""
        return str(self.whole(link, "link"))

    def name(self, name: str) -> str:
        """The name of a member of the public."""
        return str(self.whole(name, "name"))

    def phone(self, phone: str) -> str:
        """Their telephone number."""
        return str(self.whole(phone, "phone"))

    def value(self, element: Element | None, field: FormField | str, value: Any) -> Any:
        """The answer to a field of a task's form."""
        if not self.on:
            return value
        name = field if isinstance(field, str) else field.id
        return self._answer(kinds_of(element) if element is not None else {}, name, value)

    def answers(self, path: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The answers of the form at an element path (rounds in it or not)."""
        kinds = self.fields.get(static_path(path), {})
        return {name: self._answer(kinds, name, value) for name, value in values.items()}

    def _answer(self, kinds: Mapping[str, str], name: str, value: Any) -> Any:
        return self.whole(value, kinds[name]) if name in kinds else self.any(value)

    def event(
        self, event: HistoryEvent, payload: Mapping[str, Any], personal: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """The personal values of an event, masked."""
        if not self.on:
            return personal
        return {name: self._personal(event, name, value) for name, value in personal.items()}

    def _personal(self, event: HistoryEvent, name: str, value: Any) -> Any:
        rule = EVENT_FIELDS.get((event.type, name))
        if self.blind:
            # What the destruction left is about texts for the public (`unpublished`).
            return self.whole(value, "other")
        if rule == "file":
            return self.file_name(str(value))
        if isinstance(rule, str):
            return self.whole(value, rule)
        if rule is not None and isinstance(value, Mapping):
            return {key: self.whole(one, rule.get(key, rule[""])) for key, one in value.items()}
        if event.type == "task.completed" and isinstance(value, Mapping):
            return self.answers(event.element_path, value)
        return self.any(value)

    def payload(self, event: HistoryEvent, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """The payload of an event: mostly keys and figures, here and there words."""
        if not self.on:
            return payload
        words = PAYLOAD_WORDS.get(event.type, frozenset())
        answers = {"result"} if event.type == "task.completed" else set()
        return {
            name: self.answers(event.element_path, value)
            if name in answers and isinstance(value, Mapping)
            else self.any(value)
            if name in words
            else value
            for name, value in payload.items()
        }


#: For those who see everything.
OFF: Final = Mask()
#: For what belongs to no case: no names are known.
BARE: Final = Mask(True)


def mask_for(session: Session, person: Person, case_id: int | None, now: datetime) -> Mask:
    """The person's mask for a case at the wall moment; without a case, for what belongs to none
    (masked for everybody who holds the auditor's role)."""
    return masks_for(session, person, [case_id], now)[case_id]


def masks_for(
    session: Session, person: Person, case_ids: Iterable[int | None], now: datetime
) -> dict[int | None, Mask]:
    """Case id -> mask, for a page's or a file's cases: a few queries for all of them together."""
    ids = list(dict.fromkeys(case_ids))
    if not access.is_auditor(person):
        return dict.fromkeys(ids, OFF)
    cases = [one for one in ids if one is not None]
    clear = seen_otherwise(session, person, cases) | unmasked(session, person.id, cases, now)
    hidden = known_of_cases(session, [one for one in cases if one not in clear])
    masks: dict[int | None, Mask] = dict.fromkeys(clear, OFF)
    for one, of_case in hidden.items():
        masks[one] = Mask(True, of_case.fields, replacer(of_case.words), of_case.destroyed)
    return {one: masks.get(one, BARE) for one in ids}


def masks_for_signals(
    session: Session, person: Person, signals: Sequence[Signal], now: datetime
) -> dict[int, Mask]:
    """Signal id -> mask: that of the case it belongs to; before there is one, on for whoever sees
    signals as an auditor only, until it is unmasked for them."""
    handling = set(person.role_keys) - {access.ADMIN, access.AUTHOR, access.AUDITOR}
    if handling or not access.is_auditor(person):
        return {signal.id: OFF for signal in signals}
    free = [signal for signal in signals if signal.case_id is None]
    clear = unmasked_signals(session, person.id, [signal.id for signal in free], now)
    known = known_of_signals(session, [signal for signal in free if signal.id not in clear])
    masks = masks_for(session, person, [s.case_id for s in signals if s.case_id is not None], now)
    found: dict[int, Mask] = {}
    for signal in signals:
        if signal.recorded_by == person.id or signal.id in clear:
            found[signal.id] = OFF
        elif signal.case_id is not None:
            found[signal.id] = masks[signal.case_id]
        else:
            found[signal.id] = Mask(True, {}, replacer(known.get(signal.id, {})))
    return found


def seen_otherwise(session: Session, person: Person, case_ids: Sequence[int]) -> set[int]:
    """Which of the cases the person may see without the auditor's role."""
    roles = set(person.role_keys) - {access.AUDITOR}
    if not case_ids or not person.active:
        return set()
    found = set[int]()
    for some in portions(case_ids):
        role = select(CaseRole.case_id).where(
            CaseRole.case_id.in_(some), CaseRole.role_key.in_(roles)
        )
        member = select(CaseMember.case_id).where(
            CaseMember.case_id.in_(some), CaseMember.person_id == person.id
        )
        mine = Case.opened_by == person.id
        found |= set(
            session.scalars(
                select(Case.id).where(
                    Case.id.in_(some), or_(mine, Case.id.in_(role), Case.id.in_(member))
                )
            )
        )
    return found


def unmasked(session: Session, person_id: int, case_ids: Sequence[int], now: datetime) -> set[int]:
    """Which of the cases stand unmasked for the person at the wall moment."""
    return _unmasked(session, Unmasking.case_id, person_id, case_ids, now)


def unmasked_signals(
    session: Session, person_id: int, signal_ids: Sequence[int], now: datetime
) -> set[int]:
    """As `unmasked`, for signals."""
    return _unmasked(session, Unmasking.signal_id, person_id, signal_ids, now)


def _unmasked(
    session: Session, column: Any, person_id: int, ids: Sequence[int], now: datetime
) -> set[int]:
    if not ids:
        return set()
    wanted = set(ids)
    rows = select(column).where(
        Unmasking.person_id == person_id, Unmasking.since <= now, Unmasking.until > now
    )
    return {one for one in session.scalars(rows) if one in wanted}
