"""When two signals are the same thing: canonical links, normalised texts, likeness."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

#: Query keys that say how a link was passed on, not what it points to.
_TRACKING = re.compile(
    r"(?i)^(utm_.*|spm|scm|from|isappinstalled|share_.*|sharer_.*|shareid|wfr|refer|referer|"
    r"source|fbclid|gclid|weibo_id|timestamp|nsukey|scene|clicktime|enterid|tt_from|"
    r"iid|did|app|u_code|mid_from|vd_source|is_from_webapp|sender_device)$"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
#: Texts shorter than this are compared whole only: few characters agree by accident.
_SHORT = 12


def canonical_link(link: str) -> str:
    """The link without what differs between two copies of it: scheme, ``www.`` and ``m.``, the
    default port, tracking keys, their order, the fragment, a trailing slash. "" where it is no
    web address."""
    try:
        parts = urlsplit(link.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return ""
    host = re.sub(r"^(www|m|wap)\.", "", parts.hostname.lower())
    if port is not None and port != _DEFAULT_PORTS[parts.scheme]:
        host = f"{host}:{port}"
    kept = sorted(
        (key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if not _TRACKING.match(key)
    )
    path = quote(unquote(parts.path), safe="/:@!$&'()*+,;=~-._").rstrip("/")
    return host + path + ("?" + urlencode(kept) if kept else "")


def normal_text(text: str) -> str:
    """The letters and digits of a text, widths and cases levelled."""
    level = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in level if char.isalnum())


def fingerprint(text: str, link: str) -> str:
    """SHA-256 (hex) of the canonical link, or of the normalised text where there is none."""
    canonical = canonical_link(link)
    body = f"link:{canonical}" if canonical else f"text:{normal_text(text)}"
    return hashlib.sha256(body.encode()).hexdigest()


def likeness(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1: shared pairs of neighbouring characters (Jaccard)."""
    a, b = normal_text(one), normal_text(other)
    if min(len(a), len(b)) < _SHORT:
        return 1.0 if a == b and a else 0.0
    pairs_a = {a[i : i + 2] for i in range(len(a) - 1)}
    pairs_b = {b[i : i + 2] for i in range(len(b) - 1)}
    return len(pairs_a & pairs_b) / len(pairs_a | pairs_b)
