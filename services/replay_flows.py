"""Which drawn sequence flows an event's ``flows`` mean. Events name flows by id; a process called
from two places has each of them twice, so the steps of the same event tell which were taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from services.definitions import static_path
from services.replay_sheets import Sheet, sheet_of
from workflows.catalogue import Catalogue


class FlowsTaken:
    """The flows of one version, ready to be looked up."""

    def __init__(self, read: Catalogue, sheets: Sequence[Sheet]) -> None:
        self.placed: dict[str, list[tuple[str, int]]] = {}  # id -> (target's path, sheet)
        for flow in read.flows.values():
            self.placed.setdefault(flow.id, []).append((flow.target, sheet_of(flow.path, sheets)))

    def taken(self, flows: Iterable[str], steps: Iterable[str]) -> Iterator[tuple[int, str]]:
        """(sheet, flow id) in the order taken. A flow this version has not is left out; the
        instances of a loop come by the same flow, which is drawn once."""
        entered: set[str] | None = None
        for flow in dict.fromkeys(flows):
            places = self.placed.get(flow, ())
            if len(places) > 1:
                if entered is None:
                    entered = {
                        static_path(step.lstrip("+").partition("#")[0])
                        for step in steps
                        if step[0] != "-"
                    }
                places = [one for one in places if one[0] in entered] or places[:1]
            for _, sheet in places:
                yield sheet, flow
