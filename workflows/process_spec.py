"""A process or sub-process as the engine runs it."""

from __future__ import annotations

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec


class ProcessSpec(BpmnProcessSpec):  # type: ignore[misc]
    """One process or sub-process. Shared by threads; complete before it is used.

    ``reached`` caches, per spec and gateway, which flows into the gateway lie ahead; writing
    the same answer twice does no harm.
    """

    #: Name of the start event a token begins at, and of the event sub-processes beside it.
    begins: tuple[str, ...] = ()
    watches: tuple[str, ...] = ()

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.task_specs.clear()
        self._reached: dict[tuple[str, str], frozenset[str]] = {}

    def reach(self, source: str, gateway: str) -> frozenset[str]:
        """Ids of the flows into ``gateway`` that a token at ``source`` may still take."""
        key = (source, gateway)
        if key not in self._reached:
            seen, found, todo = {source}, set(), [source]
            while todo:
                for flow in self.task_specs[todo.pop()].flows:
                    if flow.target == gateway:
                        found.add(flow.id)
                    elif flow.target not in seen:
                        seen.add(flow.target)
                        todo.append(flow.target)
            self._reached[key] = frozenset(found)
        return self._reached[key]
