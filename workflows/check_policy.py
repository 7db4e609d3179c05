"""What no general linter asks of a plan: the rules of the house and of good order.

Each stands in a file of its own: `workflows.check_release` (nothing unapproved goes out, nobody
approves their own draft), `check_voice` (only disclosed voices), `check_endings` (ways that never
end), `check_deadlines` (deadlines nobody above hears of), `check_typed` (decisions that would lay
open what is typed), `check_coverage` and `check_tables` (cases without an answer, or with two).
"""

from __future__ import annotations

from workflows import (
    check_coverage,
    check_deadlines,
    check_endings,
    check_release,
    check_tables,
    check_typed,
    check_voice,
)
from workflows.bundle import Bundle
from workflows.catalogue import Catalogue
from workflows.check_domains import tables_of
from workflows.findings import Findings


def check(bundle: Bundle, catalogue: Catalogue, found: Findings) -> None:
    """Every check of what a plan may do, beyond what the engine asks; findings go to ``found``."""
    tables = tables_of(bundle.files)
    check_endings.check(catalogue, found)
    check_release.check(catalogue, found)
    check_voice.check(catalogue, found)
    check_deadlines.check(catalogue, found)
    check_coverage.check(catalogue, bundle.manifest, tables, found)
    check_tables.check(tables, found)
    check_typed.check(catalogue, tables, found)
