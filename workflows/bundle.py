"""A plan as uploaded: the files of its folder and what ``plan.toml`` says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Bundle:
    """``files`` maps a file's name inside the plan's folder (``plan.bpmn``, ``grading.dmn``,
    ``shared/report_up.bpmn``, ``plan.toml``) to its bytes; ``manifest`` is ``plan.toml`` parsed."""

    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]

    def of_type(self, suffix: str) -> Iterator[tuple[str, bytes]]:
        """The files ending in ``suffix`` (".bpmn"), in order of name."""
        for name in sorted(self.files):
            if name.lower().endswith(suffix):
                yield name, self.files[name]

    @property
    def content_hash(self) -> str:
        """SHA-256, in hex, over names and contents of all files in order of name. Each part is
        preceded by its length, so that no two bundles share one byte stream."""
        digest = hashlib.sha256()
        for name in sorted(self.files):
            for part in (name.encode(), self.files[name]):
                digest.update(len(part).to_bytes(8, "big"))
                digest.update(part)
        return digest.hexdigest()
