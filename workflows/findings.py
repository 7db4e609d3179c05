"""Collects findings, each once, in the order found."""

from __future__ import annotations

from typing import Final, Literal

from workflows.contract import Finding

#: A hopeless file must not yield a page of 20,000 lines. Of errors and of warnings each: no crowd
#: of warnings may hide an error.
MAX_FINDINGS: Final = 500


class Findings:
    """The same fault of an element in a process called twice is one finding."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], Finding] = {}
        self._counts = {"error": 0, "warning": 0}

    def add(self, finding: Finding) -> None:
        key = (
            finding.code, finding.severity, finding.file, finding.element,
            tuple(sorted(finding.args.items())),
        )  # fmt: skip
        if key not in self._found and self._counts[finding.severity] < MAX_FINDINGS:
            self._counts[finding.severity] += 1
            self._found[key] = finding

    def error(self, code: str, file: str, element: str = "", **args: str) -> None:
        self._add(code, "error", file, element, args)

    def warning(self, code: str, file: str, element: str = "", **args: str) -> None:
        self._add(code, "warning", file, element, args)

    def _add(
        self, code: str, severity: Literal["error", "warning"], file: str, element: str,
        args: dict[str, str],
    ) -> None:  # fmt: skip
        self.add(Finding(code, severity, file, element, {k: v[:300] for k, v in args.items()}))

    @property
    def full(self) -> bool:
        """Whether no further error is taken: looking for more is for nothing."""
        return self._counts["error"] >= MAX_FINDINGS

    def all(self) -> list[Finding]:
        """Errors first, else in the order found."""
        return sorted(self._found.values(), key=lambda finding: finding.severity != "error")
