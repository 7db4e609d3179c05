"""What an edit answers when it cannot be made."""

from __future__ import annotations


class CannotEdit(Exception):
    """The change cannot be made here. ``field`` is the form's field it is about, "" for none.
    ``code``: ``in_diagram`` (only the diagram can say it), ``no_room`` (no place in the drawing),
    ``not_found``, ``not_utf8``, ``needs_duration``, ``by_setting``, ``tier_taken`` (``args``:
    tiers), ``bad_amount``, ``unknown_role``, ``twice``, ``no_tiers``."""

    def __init__(self, code: str, field: str = "", **args: str) -> None:
        self.code = code
        self.field = field
        self.args_ = args
        super().__init__(f"{code} {field} {args}")
