"""What goes into a case's archive package: the plan's own list (`services.archive.holdings`), and
for each item of it every piece Planroom holds, where what it does not hold lies, or that it is
missing.

Reads rows and stored files only. What a person may not see of members of the public goes through
their mask; the content of files is left out then altogether, since nobody can tell what a picture
shows of whom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import Case
from models.intake import ArchiveItem, Attachment, Signal, StoredFile
from models.people import Person
from models.plans import PlanVersion
from models.tasks import UserTask
from models.words import ReportLine, Statement
from services import files, retention
from services.archive import holdings
from services.definitions import catalogue_for, static_path
from services.directory import people_by_id
from services.manifest import ArchiveRule
from services.masking import Mask
from services.statement_reading import of_case
from workflows.contract import Element

Kind = Literal["task", "file", "report", "statement", "signal", "history"]
State = Literal["held", "withheld", "lost"]
#: Media that are pictures, sound or film: what an item called photographs is asked for.
_SHOWN: Final = ("image/", "video/", "audio/")
#: Keys of archive items that ask for them.
_PICTURES: Final = ("photos", "pictures")
#: Where the chain's events stand in the package.
EVENTS: Final = "events.jsonl"


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing held. ``name`` is its place in the package ("" where its content is not in it),
    ``person`` and ``role`` who is answerable for it. ``row`` is the row it is made of: a
    `UserTask`, `Attachment`, `Statement` or `Signal`; for a report the task, with its ``lines``."""

    number: int
    kind: Kind
    row: Any
    when: datetime | None
    person: int | None
    role: str = ""
    name: str = ""
    state: State = "held"
    element: Element | None = None
    lines: tuple[ReportLine, ...] = ()
    stored: StoredFile | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the table of contents. ``rule`` is None for what is held beside the plan's list.
    ``state``: ``held``, ``elsewhere`` (``recorded.where`` says where), ``missing``
    (``recorded.note`` says why), ``open`` while nobody has archived the case."""

    number: int
    rule: ArchiveRule | None
    recorded: ArchiveItem | None
    pieces: tuple[Piece, ...]
    state: Literal["held", "elsewhere", "missing", "open"]


@dataclass(frozen=True, slots=True)
class Dossier:
    """The package's contents. ``term`` is how long the case is kept, ``destroyed`` whether its
    words have gone; ``at`` is case time."""

    case: Case
    version: PlanVersion
    items: tuple[Item, ...]
    people: Mapping[int, Person]
    mask: Mask
    term: retention.Due
    destroyed: bool
    at: datetime

    @property
    def pieces(self) -> list[Piece]:
        """All pieces, in order."""
        return [piece for item in self.items for piece in item.pieces]


def dossier(session: Session, case: Case, data_dir: Path, mask: Mask, now: datetime) -> Dossier:
    """What is there of a case, item by item. ``now`` is wall time."""
    version = session.get_one(PlanVersion, case.plan_version_id)
    held = _Held(session, case, version, data_dir, mask)
    asked = holdings(session, case)
    pictured = any(one.rule.key in _PICTURES for one in asked)
    items: list[Item] = []
    for at, one in enumerate(asked, 1):
        word = one.rule.holds or one.rule.key
        if word == "files" and pictured:
            word = "files:shown" if one.rule.key in _PICTURES else "files:other"
        pieces = held.pieces(word, f"items/{at:02}-{one.rule.key}")
        items.append(Item(at, one.rule, one.recorded, pieces, _state(pieces, one.recorded)))
    rest = held.rest(f"items/{len(items) + 1:02}-other")
    if rest:
        items.append(Item(len(items) + 1, None, None, rest, "held"))
    answerable = [piece.person for item in items for piece in item.pieces]
    return Dossier(
        case=case,
        version=version,
        items=tuple(items),
        people=people_by_id(
            session, [*answerable, *(i.recorded.recorded_by for i in items if i.recorded)]
        ),
        mask=mask,
        term=retention.term_of(session, case),
        destroyed=retention.is_destroyed(session, case.id),
        at=case.at(now),
    )


def _state(
    pieces: Sequence[Piece], recorded: ArchiveItem | None
) -> Literal["held", "elsewhere", "missing", "open"]:
    if pieces:
        return "held"
    if recorded is None:
        return "open"
    return "elsewhere" if recorded.present else "missing"


class _Held:
    """The case's rows, by the word an archive item asks for them with."""

    def __init__(
        self, session: Session, case: Case, version: PlanVersion, data_dir: Path, mask: Mask
    ) -> None:
        self._session, self._case, self._data_dir, self._mask = session, case, data_dir, mask
        self._elements = catalogue_for(session, version).elements
        self._files = files.attachments(session, case.id)
        self._given: set[int] = set()  # ids of the files some item has

    def pieces(self, word: str, folder: str) -> tuple[Piece, ...]:
        """The pieces an item asks for, to lie in ``folder``."""
        if word.startswith("task:"):
            return self._numbered(self._tasks(word.removeprefix("task:")), folder)
        kinds: dict[str, Callable[[], Iterable[Piece]]] = {
            "files": lambda: self._attached(lambda _: True),
            "files:shown": lambda: self._attached(_is_shown),
            "files:other": lambda: self._attached(lambda stored: not _is_shown(stored)),
            "reports": self._reports,
            "statements": self._statements,
            "approvals": self._statements,
            "releases": self._statements,
            "signals": self._signals,
            "history": lambda: [Piece(1, "history", self._case, None, None, name=EVENTS)],
        }
        found = kinds.get(word)
        return self._numbered(found(), folder) if found is not None else ()

    def rest(self, folder: str) -> tuple[Piece, ...]:
        """The files no item of the list has asked for."""
        given = set(self._given)
        rest = [p for p in self._attached(lambda _: True) if p.row.id not in given]
        return self._numbered(rest, folder)

    def _numbered(self, pieces: Iterable[Piece], folder: str) -> tuple[Piece, ...]:
        return tuple(_placed(piece, at, folder) for at, piece in enumerate(pieces, 1))

    def _tasks(self, element_id: str) -> list[Piece]:
        rows = self._session.scalars(
            select(UserTask)
            .where(
                UserTask.case_id == self._case.id,
                UserTask.element_id == element_id,
                UserTask.status == "completed",
            )
            .order_by(UserTask.completed_at, UserTask.round)
        )
        return [
            Piece(
                0, "task", row, row.occurred_at or row.completed_at, row.completed_by,
                row.completed_role or row.role_key,
                element=self._elements.get(static_path(row.element_path)),
            )
            for row in rows
        ]  # fmt: skip

    def _attached(self, wanted: Callable[[StoredFile], bool]) -> list[Piece]:
        found = []
        for row, stored in self._files:
            if not wanted(stored):
                continue
            self._given.add(row.id)
            path = files.path_of(self._data_dir, stored.sha256)
            state: State = "withheld" if self._mask.on else "held" if path.is_file() else "lost"
            found.append(
                Piece(0, "file", row, row.added_at, row.added_by, state=state, stored=stored,
                      path=path if state == "held" else None)
            )  # fmt: skip
        return found

    def _reports(self) -> list[Piece]:
        lines: dict[str, list[ReportLine]] = {}
        rows = select(ReportLine).where(ReportLine.case_id == self._case.id)
        for line in self._session.scalars(rows.order_by(ReportLine.id)):
            lines.setdefault(line.task_id, []).append(line)
        found = []
        for task_id, some in lines.items():
            task = self._session.get_one(UserTask, task_id)
            when = max((one.happened_at for one in some if one.happened_at), default=None)
            found.append(
                Piece(0, "report", task, when, some[0].entered_by, task.role_key, lines=tuple(some))
            )
        return found

    def _statements(self) -> list[Piece]:
        rows: list[Statement] = of_case(self._session, self._case.id)
        return [Piece(0, "statement", row, row.created_at, row.created_by) for row in rows]

    def _signals(self) -> list[Piece]:
        rows = self._session.scalars(
            select(Signal).where(Signal.case_id == self._case.id).order_by(Signal.id)
        )
        return [Piece(0, "signal", row, row.discovered_at, row.recorded_by) for row in rows]


def _is_shown(stored: StoredFile) -> bool:
    return stored.mime.startswith(_SHOWN)


def _placed(piece: Piece, number: int, folder: str) -> Piece:
    """The piece with its number and its place in the package."""
    name = f"{folder}/{number:02}.html"
    if piece.kind == "history":
        name = EVENTS
    elif isinstance(piece.row, Attachment):
        name = f"{folder}/{number:02}-{_plain(piece.row.name)}" if piece.path else ""
    return Piece(
        number, piece.kind, piece.row, piece.when, piece.person, piece.role, name, piece.state,
        piece.element, piece.lines, piece.stored, piece.path,
    )  # fmt: skip


def _plain(name: str) -> str:
    """A file's name as it may stand in a zip that any system unpacks."""
    safe = files.safe_name(name)
    return "".join("_" if char in '<>:"|?*' or not char.isprintable() else char for char in safe)
