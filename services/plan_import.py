"""Files made by any modeler, taken in as a draft.

What comes is BPMN and DMN, perhaps with the ``plan.toml`` and ``clauses.toml`` of an export of
ours. Nothing in a file is changed. A diagram without a ``plan.toml`` gets one that says no more
than the diagram does: its process, its title, and a role for every candidate group.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Final

import tomlkit
from lxml import etree

from services.draft_files import require_readable
from services.errors import Refusal
from services.plan_folder import CLAUSES, MANIFEST, read_toml
from workflows import diagram, xml
from workflows.contract import DeploymentError, Finding

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_SUFFIXES: Final = (".bpmn", ".dmn")
#: What modelers call their files beside the standard's own endings.
_OTHER_NAMES: Final = {".bpmn20.xml": ".bpmn", ".bpmn2": ".bpmn", ".dmn11.xml": ".dmn"}


def import_files(
    uploads: Mapping[str, bytes], *, roles: Mapping[str, str], taken: Iterable[str] = ()
) -> dict[str, bytes]:
    """The files of a bundle from uploaded ones, by the names people gave them. ``roles`` are the
    organisation's (key -> name), ``taken`` the keys of its plans (a diagram without ``plan.toml``
    gets another). Raises Refusal ``no_upload``, ``import_no_plan`` 422, DeploymentError for a file
    that cannot be read: nothing of it is kept."""
    if not uploads:
        raise Refusal("no_upload", 422)
    taken = frozenset(taken)
    files: dict[str, bytes] = {}
    for given, body in uploads.items():
        name = _name(given, body)
        if name in files:
            raise DeploymentError([Finding("file_twice", "error", name)])
        files[name] = body
    require_readable(files)
    drawn = {name: body for name, body in files.items() if name.endswith(".bpmn")}
    if not drawn:
        raise Refusal("import_no_plan", 422)
    if MANIFEST not in files:
        files[MANIFEST] = _manifest(drawn, roles, taken)
    key = read_toml(files, MANIFEST).get("key")
    if not key:
        raise DeploymentError([Finding("key_missing", "error", MANIFEST)])
    if not isinstance(key, str) or not (_KEY.fullmatch(key) or key in taken):
        args = {"name": "key", "expected": 'key = "my_plan"'}  # it stands in addresses
        raise DeploymentError([Finding("manifest_shape", "error", MANIFEST, args=args)])
    return files


def placed(uploads: Mapping[str, bytes], there: Mapping[str, bytes]) -> dict[str, bytes]:
    """Uploaded files under the names a draft (``there``) knows them by: a diagram or a table
    takes the place of the file that holds the same process or decision, else it is added. Raises
    as `import_files`."""
    if not uploads:
        raise Refusal("no_upload", 422)
    homes = {id: name for name, body in there.items() for id in _ids_as_found(name, body)}
    files: dict[str, bytes] = {}
    for given, body in uploads.items():
        name = _name(given, body)
        require_readable({name: body})
        known = {homes[id] for id in _ids(name, body) if id in homes}
        name = known.pop() if len(known) == 1 else name
        if name in files:
            raise DeploymentError([Finding("file_twice", "error", name)])
        files[name] = body
    return files


def _ids_as_found(name: str, body: bytes) -> set[str]:
    """`_ids` of a draft's file: what cannot be read holds none, and may be replaced by name."""
    try:
        return _ids(name, body)
    except DeploymentError:
        return set()


def _ids(name: str, body: bytes) -> set[str]:
    """Ids of the processes or decisions a file holds."""
    if name.endswith(".bpmn"):
        return set(diagram.read({name: body}).processes)
    if name.endswith(".dmn"):
        root = xml.parse_dmn(body, name)
        return {
            str(node.get("id"))
            for node in root
            if isinstance(node.tag, str) and node.tag.endswith("}decision")
        }
    return set()


def _name(given: str, body: bytes) -> str:
    """The name a file has in a bundle. What is no BPMN, DMN or TOML by its name is judged by its
    content, so that a picture named .bpmn and a diagram named .xml are both told for what they
    are."""
    plain = PurePosixPath(given.replace("\\", "/")).name
    lower = plain.lower()
    if lower in (MANIFEST, CLAUSES):
        return lower
    for other, suffix in _OTHER_NAMES.items():
        if lower.endswith(other):
            return _clean(plain[: -len(other)]) + suffix
    stem, dot, ending = plain.rpartition(".")
    suffix = f".{ending.lower()}" if dot else ""
    if suffix in _SUFFIXES:
        return _clean(stem) + suffix
    # Not by its name: then by what it says. Raises for what is neither.
    try:
        xml.parse(body, plain)
    except DeploymentError as error:
        if any(finding.code == "not_bpmn" for finding in error.findings):
            xml.parse_dmn(body, plain)
            return _clean(stem or plain) + ".dmn"
        raise
    return _clean(stem or plain) + ".bpmn"


def _clean(stem: str) -> str:
    """A file name of letters every system knows; Chinese names become numbers of their letters'
    places, so that two stay two."""
    text = re.sub(r"[^A-Za-z0-9_.-]+", lambda m: "_" + format(hash_of(m[0]), "x"), stem)
    return text.strip(".-")[:60] or "plan"


def hash_of(text: str) -> int:
    """A small number that is the same for the same text in every process."""
    value = 0
    for letter in text:
        value = (value * 31 + ord(letter)) % 0xFFFFFF
    return value


def _manifest(drawn: Mapping[str, bytes], roles: Mapping[str, str], taken: frozenset[str]) -> bytes:
    read = diagram.read(drawn)
    called = {
        node.node.get("calledElement")
        for process in read.processes.values()
        for scope in process.scope.walk()
        for node in scope.nodes.values()
        if node.kind == "callActivity"
    }
    mains = [p for p in read.processes.values() if p.id not in called and p.executable]
    mains = mains or [p for p in read.processes.values() if p.id not in called]
    mains = mains or list(read.processes.values())
    if not mains:
        raise DeploymentError([Finding("no_process", "error", next(iter(drawn)))])
    main = mains[0]
    document = tomlkit.document()
    document.add(
        tomlkit.comment("Made when the diagram was imported; the rest is yours to fill in.")
    )
    document["key"] = _free_key(main.id, taken)
    document["title"] = main.name or main.id
    document["kinds"] = []
    document["process"] = main.id
    document["calls"] = []
    document["business_prefix"] = str(document["key"]).upper()
    bound = tomlkit.table()
    for key, name in _roles_named(read, roles).items():
        row = tomlkit.inline_table()
        row.update({"role": key, "name": name})
        bound[key] = row
    document["roles"] = bound
    return tomlkit.dumps(document).encode()


def _free_key(wanted: str, taken: frozenset[str]) -> str:
    base = re.sub(r"[^a-z0-9_]+", "_", wanted.lower()).strip("_")
    base = base if _KEY.fullmatch(base) else f"plan_{base}"[:40].rstrip("_")
    key, number = base, 2
    while key in taken:
        key, number = f"{base}_{number}", number + 1
    return key


def _roles_named(read: diagram.Diagrams, roles: Mapping[str, str]) -> dict[str, str]:
    """Role keys the diagrams name, with the organisation's name where it has such a role."""
    found: dict[str, str] = {}
    for root in read.roots.values():
        for node in root.iter():
            if isinstance(node, etree._Element) and isinstance(node.tag, str):
                for key in diagram.words(diagram.camunda(node, "candidateGroups")):
                    if not key.startswith(("$", "#", "=")):
                        found.setdefault(key, roles.get(key, key))
    return found
