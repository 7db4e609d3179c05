"""The closed list of special task forms, by ``camunda:formKey``.

Every other task has a form generated from its ``camunda:formData`` (`views.forms.form_data`).
A form module imports from `views.forms.base` and ends in ``FORM = TaskForm(...)``; its entry
here is one import and one line.
"""

from __future__ import annotations

from views.forms import (
    archive,
    closing,
    destroy,
    grade,
    report_up,
    statement_approve,
    statement_draft,
    statement_release,
    statement_review,
)
from views.forms.base import Mistakes, Reader, TaskForm

FORMS: dict[str, TaskForm] = {
    "planroom:grade": grade.FORM,
    "planroom:statement-draft": statement_draft.FORM,
    "planroom:statement-review": statement_review.FORM,
    "planroom:statement-approve": statement_approve.FORM,
    "planroom:statement-release": statement_release.FORM,
    "planroom:report-up": report_up.FORM,
    "planroom:closing": closing.FORM,
    "planroom:archive": archive.FORM,
    "planroom:destroy": destroy.FORM,
}

__all__ = ["FORMS", "Mistakes", "Reader", "TaskForm"]
