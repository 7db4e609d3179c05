"""The words that stand in the place of masked data, in English on pages in English. Services write
the Chinese ones (`services.masking_text.TOKENS`), which no other text holds."""

from __future__ import annotations

import re

from flask_babel import gettext as _

from services.masking_text import TOKENS
from views.i18n import current_locale

_ANY = re.compile("|".join(map(re.escape, TOKENS.values())))


def in_words(page: str) -> str:
    """The page with the masks' words in the reader's language."""
    if current_locale() == "zh" or "〔" not in page:
        return page
    words = {
        TOKENS["name"]: _("〔姓名〕"),
        TOKENS["phone"]: _("〔电话〕"),
        TOKENS["id"]: _("〔证件号〕"),
        TOKENS["email"]: _("〔邮箱〕"),
        TOKENS["account"]: _("〔账号〕"),
        TOKENS["card"]: _("〔卡号〕"),
        TOKENS["address"]: _("〔住址〕"),
        TOKENS["link"]: _("〔链接〕"),
        TOKENS["file"]: _("〔文件名〕"),
        TOKENS["other"]: _("〔个人信息〕"),
    }
    return _ANY.sub(lambda found: words[found[0]], page)
