"""Destroying a case's personal data: what it holds, why it is time, and a confirmation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from models.cases import Case
from models.people import Person
from models.tasks import UserTask
from services import destruction
from services.definitions import catalogue_for, static_path
from services.plan_reading import version_by_id
from views.forms.base import FormInput, Reader, TaskForm
from views.i18n import loc
from views.kit import settings
from workflows.catalogue import Catalogue
from workflows.contract import Element

REASONS = {
    "purpose_over": _l("事件已结束,收集的目的已经实现"),
    "period_over": _l("规定的保存期限已满"),
    "asked": _l("应个人要求"),
}
#: Where values were typed that are no form's fields, by the start of the event's type.
PLACES = {
    "case": _l("启动事件、办结时填写的内容"),
    "signal": _l("舆情线索的内容和联系方式"),
    "report": _l("信息报送登记"),
    "file": _l("附件的名称和说明"),
    "anchor": _l("时刻的记录和更正理由"),
    "closing": _l("办结说明"),
    "archive": _l("归档登记"),
    "hold": _l("暂缓销毁的理由"),
    "audit": _l("核查人员查看个人信息的理由"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the list: where, which fields, how many values."""

    where: str
    fields: tuple[str, ...]
    count: int


def context(
    session: Session, task: UserTask, case: Case, element: Element, person: Person, now: datetime
) -> dict[str, Any]:
    """What the case holds of typed words, by where they were typed."""
    found = destruction.inventory(session, case)
    version = version_by_id(session, case.plan_version_id)
    return {
        "inventory": found,
        "places": _places(catalogue_for(session, version), found.held),
        "basis": destruction.BASIS,
        "reasons": [(key, str(text)) for key, text in REASONS.items()],
    }


def _places(read: Catalogue, held: Iterable[destruction.Held]) -> list[Place]:
    counts: Counter[str] = Counter()
    fields: dict[str, list[str]] = {}
    for one in held:
        element = read.elements.get(static_path(one.path)) if one.path else None
        if element is not None:
            where = loc(element)
            label = next((loc(f, "label") for f in element.form_fields if f.id == one.field), "")
            if label and label not in fields.setdefault(where, []):
                fields[where].append(label)
        else:
            where = str(PLACES.get(one.type.partition(".")[0], _("其他登记")))
        counts[where] += one.count
    return [Place(where, tuple(fields.get(where, ())), n) for where, n in counts.items()]


def parse(form: FormInput) -> dict[str, Any]:
    """``confirmed`` and ``reason``, both asked for; ``data_dir``, where the files lie."""
    read = Reader(form)
    reason = read.choice("reason", REASONS, required=True)
    if not read.flag("confirmed"):
        read.wrong("confirmed", _("请确认:销毁后不能恢复。"))
    read.finish()
    return {"confirmed": True, "reason": reason, "data_dir": str(settings().data_dir)}


FORM = TaskForm("forms/destroy.html", context, parse, submit=lambda: _("销毁"), drafts=False)
