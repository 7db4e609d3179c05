"""Compiled plan definitions and what their files say, loaded once a process and kept by content
hash."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.cases import ProcessInstance
from models.history import HistoryEvent
from models.plans import Definition as DefinitionRow
from models.plans import PlanFile, PlanVersion
from models.tasks import UserTask
from services.history import chain_of
from workflows import catalogue
from workflows.catalogue import Catalogue
from workflows.contract import Element
from workflows.definition import Definition

#: More versions than an installation runs at once; each takes a few hundred kilobytes.
KEPT = 64

_ROUND = re.compile(r"\[\d+\]")

_cache: OrderedDict[str, Definition] = OrderedDict()
_catalogues: OrderedDict[str, Catalogue] = OrderedDict()
_lock = Lock()


def definition_for(session: Session, content_hash: str) -> Definition:
    """The definition under a content hash. It never changes under its hash, so a process loads
    it once. Raises LookupError when no version of that hash was deployed here."""
    with _lock:
        found = _cache.get(content_hash)
        if found is not None:
            _cache.move_to_end(content_hash)
            return found
    body = session.scalar(
        select(DefinitionRow.body).where(DefinitionRow.content_hash == content_hash)
    )
    if body is None:
        raise LookupError(f"no definition {content_hash}")
    loaded = Definition.load(body)
    with _lock:
        _cache[content_hash] = loaded
        while len(_cache) > KEPT:
            _cache.popitem(last=False)
    return loaded


def static_path(path: str) -> str:
    """``call[2]/ask`` -> ``call/ask``: the path under which a plan's files know the element."""
    return _ROUND.sub("", path)


def catalogue_for(session: Session, version: PlanVersion) -> Catalogue:
    """What a version's files say, read without the engine: for pages and the audit. Kept by
    content hash."""
    with _lock:
        found = _catalogues.get(version.content_hash)
        if found is not None:
            _catalogues.move_to_end(version.content_hash)
            return found
    files = session.execute(
        select(PlanFile.name, PlanFile.content).where(PlanFile.version_id == version.id)
    )
    read = catalogue.read(dict(files.all()), version.manifest)
    with _lock:
        _catalogues[version.content_hash] = read
        while len(_catalogues) > KEPT:
            _catalogues.popitem(last=False)
    return read


def element_of(session: Session, task: UserTask) -> Element:
    """The plan's element behind an open or finished task. Raises LookupError as `element_in`, and
    where the instance is not there."""
    content_hash = session.scalar(
        select(ProcessInstance.content_hash).where(ProcessInstance.id == task.instance_id)
    )
    if content_hash is None:
        raise LookupError(f"no instance {task.instance_id}")
    return element_in(session, task, content_hash)


def element_in(session: Session, task: UserTask, content_hash: str) -> Element:
    """The element behind a task of an instance that runs on ``content_hash``. A task finished
    before the case moved to a version without its step has the element it had then. Raises
    LookupError where no version the case ran on has it."""
    path = static_path(task.element_path)
    element = definition_for(session, content_hash).elements.get(path)
    if element is not None:
        return element
    for earlier in earlier_hashes(session, task.case_id):
        element = definition_for(session, earlier).elements.get(path)
        if element is not None:
            return element
    raise LookupError(f"no element {path}")


def earlier_hashes(session: Session, case_id: int) -> list[str]:
    """The versions a case ran on before it was moved, by content hash, the latest first."""
    rows = session.scalars(
        select(HistoryEvent.content)
        .where(HistoryEvent.chain == chain_of(case_id), HistoryEvent.type == "instance.migrated")
        .order_by(HistoryEvent.seq.desc())
    )
    return [str(json.loads(row)["data"]["from_hash"]) for row in rows]
