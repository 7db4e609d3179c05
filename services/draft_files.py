"""What files a draft may hold. What they say may be wrong (that is what findings are for), but
each can be read safely: text of bounded size, XML without DTDs, TOML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from services.plan_folder import ALIASED_MANIFEST, CLAUSES, MANIFEST, read_toml
from workflows import xml
from workflows.contract import DeploymentError, Finding

#: Of one draft, all files together; the largest plan of the library has 0.4 MB.
MAX_BYTES: Final = 20 * 1024 * 1024
MAX_FILES: Final = 100
#: Of ``plan.toml`` or ``clauses.toml``; the largest of the library has 18 kB.
MAX_TOML: Final = 256 * 1024

_NAME: Final = re.compile(r"(?:shared/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}\.(?:bpmn|dmn)", re.ASCII)
_TOMLS: Final = (MANIFEST, CLAUSES, ALIASED_MANIFEST)


def require_readable(
    files: Mapping[str, bytes], *, beside: Mapping[str, bytes] | None = None
) -> None:
    """Raises DeploymentError with what is wrong with each of ``files``; ``beside`` are the
    draft's others, which only count."""
    others = beside or {}
    findings: list[Finding] = []
    total = sum(map(len, files.values())) + sum(map(len, others.values()))
    if total > MAX_BYTES:
        args = {"size": str(total), "limit": str(MAX_BYTES)}
        raise DeploymentError([Finding("draft_too_large", "error", args=args)])
    if len(files) + len(others) > MAX_FILES:
        args = {"limit": str(MAX_FILES)}
        raise DeploymentError([Finding("too_many_files", "error", args=args)])
    for name, body in files.items():
        try:
            _read(name, body)
        except DeploymentError as error:
            findings += error.findings
    if findings:
        raise DeploymentError(findings)


def _read(name: str, body: bytes) -> None:
    if name in _TOMLS:
        if len(body) > MAX_TOML:
            args = {"size": str(len(body)), "limit": str(MAX_TOML)}
            raise DeploymentError([Finding("too_large", "error", name, args=args)])
        read_toml({name: body}, name)
    elif not _NAME.fullmatch(name):
        raise DeploymentError([Finding("file_name", "error", name)])
    elif name.endswith(".dmn"):
        xml.parse_dmn(body, name)
    else:
        xml.parse(body, name)
