"""The closed list of special task forms, by ``camunda:formKey``.

Every other task has a form generated from its ``camunda:formData`` (`views.forms.form_data`).
A form module imports from `views.forms.base` and ends in ``FORM = TaskForm(...)``; its entry
here is one import and one line.
"""

from __future__ import annotations

from views.forms import grade
from views.forms.base import Mistakes, Reader, TaskForm

FORMS: dict[str, TaskForm] = {
    "planroom:grade": grade.FORM,
}

__all__ = ["FORMS", "Mistakes", "Reader", "TaskForm"]
