"""Which fields hold personal data of members of the public as a whole: of forms, by what an author
wrote; of events, by type, beside the registry (`services.history_types`).

Of a form: a field with the property ``personal="true"``; without that property, a field of typed
words whose label or id speaks of names, telephones, accounts, identity cards, addresses.
``personal="false"`` says that a field does not, whatever its label. Words in brackets in a label
are explanations and are not read: 责任岗位(不填姓名) asks for no name.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

from sqlalchemy.orm import Session

from models.plans import PlanVersion
from services import history_types
from services.definitions import catalogue_for
from services.history_schema import ANY, CONTEXT, TEXT, Schema
from workflows.contract import Element, FormField

#: Element path -> field id -> kind.
Fields = Mapping[str, Mapping[str, str]]

#: (type of event, personal field) -> kind; for a field that holds several values, by their keys.
#: Everything else personal is running text. Names of staff and of offices (who was told, who stood
#: back, accounts of the unit's own people) are no data of members of the public.
EVENT_FIELDS: Final[Mapping[tuple[str, str], str | Mapping[str, str]]] = {
    ("case.opened", "reporter"): "name",
    ("case.opened", "phone"): "phone",
    ("case.opened", "link"): "link",
    ("case.opened", "extra"): {"name": "name", "phone": "phone", "link": "link", "": "other"},
    ("signal.recorded", "link"): "link",
    ("signal.recorded", "extra"): {"name": "name", "phone": "phone", "link": "link", "": "other"},
    ("file.added", "name"): "file",
}
#: Fields of payloads that hold words of the unit itself, made to be public: its own channels.
_OWN: Final = frozenset({"channel_name", "account", "link", "criterion", "clause", "was"})
_OWN_TYPES: Final = frozenset(
    {"statement.released", "statement.corrected", "statement.link_added", "statement.withdrawn",
     "org.channel_changed", "closing.confirmed"}
)  # fmt: skip
#: Schemas of payload fields that may hold words.
_WORDS: Final[tuple[Schema, ...]] = (TEXT, CONTEXT, ANY)

_BRACKETS: Final = re.compile(r"[((][^))]*[))]")
_LABELS: Final = (
    ("id", re.compile(r"身份证|证件号|护照号|passport|identity card", re.IGNORECASE)),
    ("phone", re.compile(r"电话|手机|联系方式|phone|telephone|mobile", re.IGNORECASE)),
    ("email", re.compile(r"邮箱|电子邮件|e-?mail", re.IGNORECASE)),
    ("account", re.compile(r"账号|帐号|昵称|网名|微信|QQ|account|nickname|wechat", re.IGNORECASE)),
    ("address", re.compile(r"住址|home address", re.IGNORECASE)),
    ("name", re.compile(r"姓名|名单|\bnames?\b", re.IGNORECASE)),
)
_IDS: Final[Mapping[str, str]] = {
    "name": "name", "names": "name", "fullname": "name",
    "phone": "phone", "phones": "phone", "tel": "phone", "mobile": "phone",
    "account": "account", "accounts": "account", "nickname": "account", "wechat": "account",
    "qq": "account", "weixin": "account", "email": "email", "mail": "email",
    "idcard": "id", "idnumber": "id",
}  # fmt: skip


def kind_of(field: FormField) -> str:
    """The kind of personal data a form's field holds as a whole, "" where it holds none."""
    said = field.properties.get("personal", "").strip().lower()
    if said == "false":
        return ""
    label = _BRACKETS.sub("", f"{field.label} / {field.label_en}")
    kind = next((kind for kind, words in _LABELS if words.search(label)), "")
    kind = kind or next((_IDS[part] for part in field.id.lower().split("_") if part in _IDS), "")
    if said == "true":
        return kind or "other"
    return kind if field.type in ("string", "text") else ""


def kinds_of(element: Element) -> dict[str, str]:
    """Field id -> kind, for the fields of an element's form that hold personal data."""
    kinds = {field.id: kind_of(field) for field in element.form_fields}
    return {name: kind for name, kind in kinds.items() if kind}


#: As many versions as `services.definitions` keeps.
_KEPT: Final = 64
_versions: OrderedDict[str, dict[str, dict[str, str]]] = OrderedDict()
_lock = Lock()


def fields_of_version(session: Session, version: PlanVersion) -> dict[str, dict[str, str]]:
    """Element path -> field id -> kind for a version's forms, kept by content hash."""
    with _lock:
        found = _versions.get(version.content_hash)
        if found is not None:
            _versions.move_to_end(version.content_hash)
            return found
    read = catalogue_for(session, version)
    fields = {path: kinds_of(element) for path, element in read.elements.items()}
    found = {path: kinds for path, kinds in fields.items() if kinds}
    with _lock:
        _versions[version.content_hash] = found
        while len(_versions) > _KEPT:
            _versions.popitem(last=False)
    return found


def _payload_words() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for newest in history_types.all_types():
        names = set[str]()
        for number in range(1, newest.version + 1):
            type_ = history_types.event_type(newest.name, number)
            for name, schema in {**type_.required, **type_.optional}.items():
                if _holds_words(schema) and not (newest.name in _OWN_TYPES and name in _OWN):
                    names.add(name)
        found[newest.name] = frozenset(names)
    return found


def _holds_words(schema: Schema) -> bool:
    if schema in _WORDS:
        return True
    inner: Any = schema.get("items")
    return inner is not None and _holds_words(inner)


#: Type of event -> the fields of its payload that may hold words a person typed.
PAYLOAD_WORDS: Final = _payload_words()
