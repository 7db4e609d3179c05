"""Whether a plan's diagram says of each element where it comes from and who does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from services.library_book import Book
from services.library_faults import Fault, fault
from services.library_shelf import Shelf
from services.plan_folder import MANIFEST
from workflows import diagram
from workflows.catalogue import Place, bindings
from workflows.contract import Element
from workflows.diagram import FlowNode, Process, camunda, words

#: Kinds that only lead from one step to the next, and need no source.
_PLUMBING: Final = diagram.GATEWAYS | {"startEvent", "endEvent"}
#: Origins that need no clause: the product's own additions, marked as such.
_OURS: Final = ("baseline", "overlay")


def element_faults(book: Book, shelf: Shelf) -> Iterator[Fault]:
    yield from _roles(book, shelf)
    if book.alias:
        yield from _alias(book)
        return
    for element in book.own:
        yield from _source(book, element)
    yield from _shared(book)
    for place in book.catalogue.root.walk():
        for node in place.scope.nodes.values():
            yield from _who(book, place, node)
    for process in _processes(book).values():
        yield from _lanes(book, process)


def _roles(book: Book, shelf: Shelf) -> Iterator[Fault]:
    for key, role in bindings(book.manifest).items():
        if role not in shelf.roles:
            yield fault("role_unknown", book.file(MANIFEST), element=f"roles.{key}",
                        key=key, role=role)  # fmt: skip


def _alias(book: Book) -> Iterator[Fault]:
    origins = book.manifest.get("origins")
    for path in origins if isinstance(origins, Mapping) else ():
        if path not in book.elements:
            yield fault("alias_origin_unknown", book.file(MANIFEST), element=str(path))


def _source(book: Book, element: Element) -> Iterator[Fault]:
    file = book.file(book.catalogue.processes[element.process_id].file)
    for id in element.clauses:
        if id not in book.ids:
            yield fault("clause_unknown", file, element=element.path, clause=id)
        elif not any(
            name == element.path or name.startswith((f"{element.path}/", f"{element.path}#"))
            for clause in book.clauses if clause.id == id
            for name in clause.by
        ):  # fmt: skip
            yield fault("not_claimed", file, element=element.path, clause=id)
    if not element.clauses and element.kind not in _PLUMBING and element.origin not in _OURS:
        yield fault("element_unsourced", file, element=element.path)


def _shared(book: Book) -> Iterator[Fault]:
    seen = set()
    for element in book.elements.values():
        if not book.is_shared(element) or not element.clauses:
            continue
        file = book.file(book.catalogue.processes[element.process_id].file)
        if (file, element.id) not in seen:
            seen.add((file, element.id))
            yield fault("shared_cites", file, element=element.id, clause=element.clauses[0])


def _who(book: Book, place: Place, node: FlowNode) -> Iterator[Fault]:
    """Every role key a node names must be one the plan binds to a known role."""
    file = book.file(place.scope.process.file)
    path = place.path_of(node.id)
    keys = [*words(camunda(node.node, "candidateGroups"))]
    if node.properties.get("escalateTo"):
        keys.append(node.properties["escalateTo"])
    for key in keys:
        if key not in place.roles:
            yield fault("group_unknown", file, element=path, role=key)
    if node.kind != "userTask":
        return
    lane = _lane_of(place, node.id)
    if lane is None:
        return
    allowed = _lane_roles(place.scope.process).get(lane.id, ())
    for key in words(camunda(node.node, "candidateGroups")) if allowed else ():
        if key not in allowed:
            yield fault("outside_lane", file, element=path, role=key, lane=lane.name)


def _lane_of(place: Place, id: str) -> diagram.Lane | None:
    """The lane of a node; inside a sub-process, that of the sub-process."""
    lane = place.scope.process.lanes.get(id)
    while lane is None and place.call is None and place.parent is not None:
        host = place.path.rpartition("/")[2]
        place = place.parent
        lane = place.scope.process.lanes.get(host)
    return lane


def _lane_roles(process: Process) -> dict[str, tuple[str, ...]]:
    """Lane id -> the role keys of its property ``roles``."""
    return {
        str(node.get("id")): words(diagram.properties(node).get("roles", ""))
        for lanes in diagram.children(process.node, "laneSet")
        for node in lanes.iter("{*}lane")
    }


def _processes(book: Book) -> dict[str, Process]:
    """The plan's own process and those it calls, directly or not."""
    return {place.scope.process.id: place.scope.process for place in book.catalogue.root.walk()}


def _lanes(book: Book, process: Process) -> Iterator[Fault]:
    file = book.file(process.file)
    known = {key for place in book.catalogue.root.walk()
             if place.scope.process is process for key in place.roles}  # fmt: skip
    for lanes in diagram.children(process.node, "laneSet"):
        for node in lanes.iter("{*}lane"):
            if any(True for _ in diagram.children(node, "childLaneSet")):
                continue
            id, name = str(node.get("id")), str(node.get("name") or "")
            roles = words(diagram.properties(node).get("roles", ""))
            if not roles:
                yield fault("lane_without_roles", file, element=id, lane=name)
            for key in roles:
                if key not in known:
                    yield fault("lane_role_unknown", file, element=id, lane=name, role=key)
