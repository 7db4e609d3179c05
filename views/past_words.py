"""Past cases on another version, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services.definitions import static_path
from services.past_cases import Replay
from services.past_differences import Difference
from services.tiers import tier_named
from views.i18n import format_short, format_span, loc
from views.incident_words import incident_sentence
from workflows.definition import Definition

DOUBTS = {
    "migrated": _l("中途迁移过版本,不重放"),
    "steps": _l("按原版本也不能重现:从“%(at)s”起与记录不同"),
    "due": _l("按原版本也不能重现:“%(at)s”的时限与记录不同"),
    "end": _l("按原版本也不能重现:结束处与记录不同"),
    "fault": _l("按原版本也不能重现:“%(at)s”算不出来"),
}
DESTROYED = _l("文字记录已销毁,无法重放;按留下的选择和数字重放")


@dataclass(frozen=True, slots=True)
class Words:
    """What turns paths and keys of one comparison into words. ``other`` is the version tried,
    ``own`` the one the case ran on; ``fields`` are the labels of its forms."""

    own: Definition
    other: Definition
    manifest: Mapping[str, Any]
    now: datetime

    def doubt(self, replay: Replay) -> str:
        """Why a case is not compared."""
        return str(DOUBTS[replay.doubt] % {"at": self.name(replay.at)})

    def name(self, path: str) -> str:
        known = static_path(path)
        element = self.other.elements.get(known) or self.own.elements.get(known)
        return (loc(element) or element.id) if element is not None else path

    def names(self, paths: tuple[str, ...]) -> str:
        return _("、").join(self.name(path) for path in paths)

    def line(self, one: Difference) -> str:
        """A difference as a sentence."""
        text = self._sentence(one)
        if one.round > 1 and one.kind not in ("unheard", "deadline"):
            text = _("%(text)s(第 %(n)s 次)", text=text, n=one.round)
        return text

    def _sentence(self, one: Difference) -> str:
        name = self.name(one.path)
        match one.kind:
            case "tier":
                was, now = self._tier(one.was), self._tier(one.now)
                return _("判定表建议的等级:原%(was)s,新版%(now)s", was=was, now=now)
            case "table":
                return _("“%(name)s”的判定结果不同", name=name)
            case "choice":
                return _(
                    "在“%(name)s”:原走向%(was)s,新版走向%(now)s",
                    name=name,
                    was=self.names(one.was),
                    now=self.names(one.now),
                )
            case "more":
                return self._more(one, name)
            case "less":
                return _("少了一步:%(name)s", name=name)
            case "deadline":
                return self._deadline(one, name)
            case "fields":
                return _("“%(name)s”的表单多了要填的,按默认值填", name=name)
            case "unheard":
                return _("消息“%(name)s”没有环节接收", name=one.path)
            case "end":
                return _(
                    "结束于%(now)s,原为%(was)s", now=self.names(one.now), was=self.names(one.was)
                )
            case "stuck":
                return _("停在“%(name)s”:%(why)s", name=name, why=incident_sentence(str(one.now)))
            case "open":
                return _("没有走完,停在%(name)s", name=self.names(one.names))

    def _more(self, one: Difference, name: str) -> str:
        text = _("多出一步:%(name)s", name=name)
        if one.late is not None:
            text = _("%(text)s,%(verdict)s", text=text, verdict=verdict(one.late))
        if one.assumed:
            text = _("%(text)s(历史没有答案,按表单默认值、通常用时办)", text=text)
        return text

    def _deadline(self, one: Difference, name: str) -> str:
        if one.was is None:
            due = _("原无时限,新版 %(now)s", now=self._moment(one.now))
        elif one.now is None:
            due = _("原时限 %(was)s,新版没有", was=self._moment(one.was))
        elif one.was == one.now:
            due = _("时限 %(was)s", was=self._moment(one.was))
        else:
            due = _("时限 %(was)s→%(now)s", was=self._moment(one.was), now=self._moment(one.now))
        return _(
            "%(name)s:%(due)s;原%(was)s,新版%(now)s",
            name=name,
            due=due,
            was=verdict(one.late_was),
            now=verdict(one.late),
        )

    def _tier(self, key: Any) -> str:
        tier = tier_named(self.manifest, str(key))
        return loc(tier) if tier is not None else str(key)

    def _moment(self, moment: Any) -> str:
        return format_short(moment, self.now)


def verdict(late: int | None) -> str:
    """Whether a due date was kept, and by how much."""
    if late is None:
        return _("无时限")
    if late <= 0:
        return _("按时(提前 %(span)s)", span=format_span(-late))
    return _("超时 %(span)s", span=format_span(late))
