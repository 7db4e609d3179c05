"""What an entry of a clause's ``by`` names: an element's path, a field of its form
(``path#field``), or something ``plan.toml`` sets (``provisions.KEY``, ``roles.KEY``, ...)."""

from __future__ import annotations

from typing import Final, Literal

from services.library_book import Book

Kind = Literal["element", "field", "setting", ""]

#: Lists of ``plan.toml`` whose rows can be named, and the key that names a row.
_LISTS: Final = {
    "provisions": "key", "settings": "key", "tiers": "key", "recipients": "key",
    "approvals": "kind", "archive": "key", "clocks": "id",
}  # fmt: skip
#: What is named as a whole.
_WHOLE: Final = ("recipients", "closing", "retention")


def named(book: Book, name: str) -> Kind:
    """What ``name`` is in this plan, "" when there is no such thing. A special form (``formKey``)
    or a form of its own makes an element's bare path an element, never a field: see `asks`."""
    if name in book.elements:
        return "element"
    path, mark, field = name.partition("#")
    if mark:
        element = book.elements.get(path)
        asked = element is not None and any(one.id == field for one in element.form_fields)
        return "field" if asked else ""
    table, dot, key = name.partition(".")
    if not dot:
        return "setting" if name in _WHOLE and book.manifest.get(name) else ""
    if table == "roles":
        roles = book.manifest.get("roles") or {}
        return "setting" if key in roles else ""
    if table in _LISTS:
        column = _LISTS[table]
        return "setting" if any(row.get(column) == key for row in book.rows(table)) else ""
    return ""


def asks(book: Book, name: str) -> bool:
    """Whether the entry names something a person fills in: a form's field, or a special form."""
    if named(book, name) == "field":
        return True
    element = book.elements.get(name)
    return element is not None and bool(element.form_key)
