"""A step's names and its form: what needs no place in the drawing."""

from __future__ import annotations

from itertools import count

from workflows.edits.extension import set_property
from workflows.edits.tree import Source


def rename(data: bytes, file: str, id: str, name: str, name_en: str) -> bytes:
    """Give an element its names; an English one of "" is taken away."""
    source = Source(data, file)
    node = source.node(id)
    source.set(node, "name", name)
    set_property(source, node, "name.en", name_en)
    return source.done()


def fresh(taken: set[str], wanted: str) -> str:
    """An id that is not taken: ``wanted``, else with a number behind it."""
    if wanted not in taken:
        return wanted
    return next(f"{wanted}_{n}" for n in count(2) if f"{wanted}_{n}" not in taken)
