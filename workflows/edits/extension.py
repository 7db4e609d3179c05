"""``camunda`` extensions of an element: our properties, and what a call hands in."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.edits.tree import CAMUNDA, Node, Source, attribute


def holder(node: Node) -> Node | None:
    """The element's ``extensionElements``; None where it has none."""
    return node.first("extensionElements")


def extensions(node: Node, name: str) -> Iterator[Node]:
    """Camunda elements of this very node."""
    for one in node.of("extensionElements"):
        yield from one.of(name, space=CAMUNDA)


def property_node(node: Node, name: str) -> Node | None:
    """The ``camunda:property`` of a name; the last, which is the one that counts."""
    found = None
    for group in extensions(node, "properties"):
        for item in group.of("property", space=CAMUNDA):
            if item.get("name") == name:
                found = item
    return found


def property_of(node: Node, name: str) -> str:
    """The value of a ``camunda:property``; "" where there is none."""
    item = property_node(node, name)
    return item.get("value") if item is not None else ""


def set_property(source: Source, node: Node, name: str, value: str) -> None:
    """Give one of our properties a value; "" takes it away."""
    item = property_node(node, name)
    if item is not None:
        if value:
            source.set(item, "value", value)
        else:
            source.remove(item)
        return
    if not value:
        return
    tag = source.tag(CAMUNDA, "property")
    text = f"<{tag}{attribute('name', name)}{attribute('value', value)} />"
    group = next(extensions(node, "properties"), None)
    if group is not None:
        source.into(group, text)
        return
    wrapped = source.tag(CAMUNDA, "properties")
    text = f"<{wrapped}>\n  {text}\n</{wrapped}>"
    outer = holder(node)
    if outer is not None:
        source.into(outer, text)
        return
    extension = source.tag(node.space, "extensionElements")
    inner = "\n".join(f"  {line}" for line in text.split("\n"))
    text = f"<{extension}>\n{inner}\n</{extension}>"
    documentation = [child for child in node.children if child.name == "documentation"]
    if documentation:
        source.after(documentation[-1], text)
    elif node.children:
        source.before(node.children[0], text)
    else:
        source.into(node, text)


def given(node: Node, target: str) -> Node | None:
    """The ``camunda:in`` of a call that hands in a name."""
    return next((one for one in extensions(node, "in") if one.get("target") == target), None)
