"""Personal data in running text, found by its shape and made into words that say only of what kind
it was.

Pure: text in, text out. What has no shape (a name nobody entered as a name) is not found here;
`services.masking` hands in the names that are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

#: What stands in the place of a value, by kind. Fixed words, so that a mask can be told from text;
#: pages in English put English words there (`views.mask_words`).
TOKENS: Final[Mapping[str, str]] = {
    "name": "〔姓名〕",
    "phone": "〔电话〕",
    "id": "〔证件号〕",
    "email": "〔邮箱〕",
    "account": "〔账号〕",
    "card": "〔卡号〕",
    "address": "〔住址〕",
    "link": "〔链接〕",
    "file": "〔文件名〕",
    "other": "〔个人信息〕",
}

# Digits and signs as people type them: full width becomes half width, one character for one, so
# that what is found in the plain text stands at the same place in the text itself.
_PLAIN: Final = str.maketrans(
    {chr(0xFF01 + n): chr(0x21 + n) for n in range(94)} | {"\u3000": " ", "\u00a0": " "}
)

#: Between the digits of a number: nothing, or one of these.
_S = r"[ \-.·\u2010-\u2015\u200b-\u200d]?"
_HOSTS = (
    r"weibo|douyin|iesdouyin|xiaohongshu|xhslink|zhihu|bilibili|b23|kuaishou|gifshow|tieba\.baidu"
    r"|toutiao|ixigua|douban|qq|weixin|qzone|hupu|tianya|twitter|x|facebook|instagram|tiktok"
    r"|youtube|t\.me|threads|linkedin|maimai|momo|huoshan|oasis"
)
#: Up to where a value written after its label goes.
_VALUE = r"[^\s,;。、;()<>“”‘’\"'〔〕]{1,40}"
_ASCII_ID = r"[A-Za-z0-9][A-Za-z0-9_\-]{4,29}"


@dataclass(frozen=True, slots=True)
class _Shape:
    """``needs`` are characters of which one is in every such text; ``digits`` how many digits."""

    pattern: re.Pattern[str]
    kind: str
    needs: str = ""
    digits: int = 0

    def may_be_in(self, plain: str, digits: int) -> bool:
        return digits >= self.digits and (
            not self.needs or any(sign in plain for sign in self.needs)
        )


def _shape(pattern: str, kind: str, needs: str = "", digits: int = 0) -> _Shape:
    return _Shape(re.compile(pattern, re.IGNORECASE), kind, needs, digits)


#: Between a label and its value.
_JOINT: Final = r"[\s:是为叫“”‘’\"'(]"


def _labelled(words: str, value: str, kind: str, digits: int = 0, latin: str = "") -> _Shape:
    """A value behind its label: the label stays. One of the ``latin`` labels is a word of its own,
    not the end of another or its beginning."""
    label = rf"(?:{words}){_JOINT}{{0,4}}"
    if latin:
        label += rf"|(?<![A-Za-z0-9_])(?:{latin})(?:{_JOINT}{{1,4}}|(?=[0-9]))"
    return _shape(f"(?P<label>{label})(?P<value>{value})", kind, "", digits)


def _colon(words: str, value: str, kind: str) -> _Shape:
    """The same where only a colon or a quotation mark makes a value of what follows."""
    joint = r"(?P<label>(?:" + words + r")(?:[^\S\n]*[:“‘\"'][^\S\n]*[“‘\"']?))"
    return _shape(joint + f"(?P<value>{value})", kind, ":“‘\"'")


# In order: what is longer or surer first, since what it took is gone for the next.
_SHAPES: Final[tuple[_Shape, ...]] = (
    _shape(
        r"(?<![A-Za-z0-9_.+\-])[A-Za-z0-9_.+\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+",
        "email",
        "@",
    ),
    _shape(
        rf"(?:https?://)?(?<![\w.@\-])(?:[\w\-]+\.)*(?:{_HOSTS})\.(?:com|cn|tv|net|me|org|be|app)"
        r"(?:\.cn)?(?::\d+)?(?:[/?#][^\s,。、;()<>“”\"'〔〕]*)?"
        r"|https?://t\.(?:cn|co|me)/[^\s,。、;()<>“”\"'〔〕]+",
        "link",
        ".",
    ),
    # Any other address that names somebody's own page.
    _shape(
        r"https?://[^\s,。、;()<>“”\"'〔〕]{0,300}?(?:/(?:u|user|users|people|profile|space|home"
        r"|author|member|i)/|[?&](?:uid|userid|user_id|user|uin|id)=|/@)[^\s,。、;()<>“”\"'〔〕]*",
        "link",
        "/",
    ),
    _shape(
        rf"(?<![0-9A-Za-z])[1-9](?:{_S}\d){{5}}{_S}(?:1{_S}[89]|2{_S}0){_S}\d{_S}\d"
        rf"{_S}(?:0{_S}[1-9]|1{_S}[0-2]){_S}(?:0{_S}[1-9]|[12]{_S}\d|3{_S}[01])"
        rf"(?:{_S}\d){{3}}{_S}[\dXx](?![0-9A-Za-z])",
        "id",
        digits=17,
    ),
    _shape(
        r"(?<![0-9A-Za-z])[1-9]\d{7}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?![0-9A-Za-z])",
        "id",
        digits=15,
    ),
    _shape(rf"(?<![0-9A-Za-z])\d(?:{_S}\d){{14,18}}(?![0-9A-Za-z])", "card", digits=15),
    _shape(
        rf"(?<![0-9A-Za-z])(?:\(?(?:\+|00)?86\)?{_S})?1{_S}[3-9](?:{_S}\d){{9}}(?![0-9])",
        "phone",
        digits=11,
    ),
    _shape(
        rf"(?<![0-9A-Za-z])(?:(?:\+|00)86{_S})?\(?0\d{{2,3}}\)?{_S}[2-9](?:{_S}\d){{6,7}}"
        r"(?:[ \-]?(?:转|ext\.?|x)[ \-]?\d{1,6})?(?![0-9])",
        "phone",
        digits=10,
    ),
    _shape(r"(?<![\w.])\+\d{1,3}(?:[ \-]?\d){7,12}(?!\d)", "phone", "+", 8),
    _labelled(
        r"电话|手机号?码?|座机|联系方式|致电|拨打",
        r"\d(?:[ \-]?\d){5,14}",
        "phone",
        6,
        r"tel(?:ephone)?|(?:cell|mobile )?phone(?: number| no\.?)?|mobile(?: number)?|call(?:ed)?",
    ),
    _shape(r"(?<![\w.])@[\w\-·]{1,30}", "account", "@"),
    _shape(r"(?<!\w)wxid_\w+", "account", "_"),
    _labelled(r"QQ群?号?|扣扣|企鹅号?|q号", r"[1-9]\d{4,11}", "account", 5),
    _labelled(
        r"微信号?|v信|薇信|抖音号?|快手号?|小红书号?|微博(?:号|id)?|b站(?:号|id)?"
        r"|贴吧|用户id|账号|帐号|账户|帐户|用户名|昵称|网名",
        _ASCII_ID,
        "account",
        latin="wechat|weixin|wx|vx",
    ),
    # Of "id" there is much in English that names nobody: a sign between, or a figure in it.
    _shape(
        r"(?P<label>(?<![A-Za-z0-9_])(?:user ?|u)?id(?:\s{0,4}[:=是为叫“”‘’\"'(]{1,3}\s{0,4}"
        r"|\s{1,4}(?=[A-Za-z_\-]{0,29}[0-9])|(?=[0-9])))"
        rf"(?P<value>{_ASCII_ID})",
        "account",
    ),
    _colon(
        r"微信|微博|抖音|快手|小红书|账号|帐号|用户名|昵称|网名|楼主|发帖人|博主|nickname|account",
        _VALUE,
        "account",
    ),
    _colon(r"护照号?码?|身份证号?码?|证件号?码?|passport|id card", r"[A-Za-z0-9]{5,20}", "id"),
    _labelled(
        r"护照号?码?|身份证号?码?|证件号?码?|passport", r"[A-Za-z]{0,2}\d{6,18}[Xx]?", "id", 6
    ),
    _labelled(r"银行卡号?|卡号|收款账户", r"\d(?:[ \-]?\d){7,22}", "card", 8),
    _colon(
        r"姓名|名字|联系人|举报人|投诉人|反映人|报告人|来电人|报警人|name|contact person",
        r"[\u4e00-\u9fff]{1,4}(?:·[\u4e00-\u9fff]{1,8})*|[A-Z][a-z'\-]+(?: [A-Z][a-z'\-]+){0,3}",
        "name",
    ),
    _colon(
        r"住址|家庭地址|居住地|现住|户籍地?址?|home address", r"[^\s,;。;〔〕]{2,80}", "address"
    ),
)

#: Nothing above can be in a text without one of these.
_HINT: Final = re.compile(
    r"[0-9@:“‘\"'_\uff00-\uff5e]|(?:weibo|\.(?:com|cn|tv|net|me))|[A-Za-z0-9_\-]{5}", re.IGNORECASE
)
_WIDE: Final = re.compile(r"[\uff01-\uff5e\u3000\u00a0]")
_DIGIT: Final = re.compile(r"[0-9]")
#: What stands in an event for machines: hashes, UUIDs, moments.
_MACHINE: Final = re.compile(
    r"[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\b.*)?"
    r"|\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+\-]\d\d:\d\d)?)?"
)


def is_machine(text: str) -> bool:
    """Whether the whole text is a hash, a UUID, a date or a moment."""
    return _MACHINE.fullmatch(text) is not None


def masked(text: str) -> str:
    """The text with everything of a known shape replaced by its token: telephone and mobile
    numbers, identity cards, bank cards, e-mail, handles, accounts, addresses of somebody's page,
    and what stands behind a label such as 姓名:."""
    if not _HINT.search(text):
        return text
    plain = _plainly(text)
    digits = len(_DIGIT.findall(plain))
    for shape in _SHAPES:
        if not shape.may_be_in(plain, digits):
            continue
        parts, last = list[str](), 0
        group = "value" if "value" in shape.pattern.groupindex else 0
        for found in shape.pattern.finditer(plain):
            start, end = found.span(group)
            if "〔" not in plain[start:end]:
                parts += [text[last:start], TOKENS[shape.kind]]
                last = end
        if parts:
            text = "".join(parts) + text[last:]
            plain = _plainly(text)
    return text


def _plainly(text: str) -> str:
    return text.translate(_PLAIN) if _WIDE.search(text) else text


# ------------------------------------------------------------------------------- known values

_NOBODY_WORDS: Final = (
    "家长 学生 老师 教师 居民 村民 网民 市民 患者 病人 当事人 先生 女士 同学 本人 匿名 不详 "
    "未知 没有 记者 群众 游客 乘客 旅客 业主 商户 职工 员工 领导 值班员 公众 不愿透露 未提供 "
    "反映人 举报人 投诉人 家属 路人 anonymous unknown none mr mrs ms dr the and resident "
    "parent student teacher"
)
#: Words that stand in a field for names and name nobody.
_NOBODY: Final = frozenset(_NOBODY_WORDS.split())
_TITLES: Final = re.compile(r"(?:先生|女士|小姐|老师|同学|同志|大爷|大妈|阿姨|师傅|医生|家长)$")
_BETWEEN: Final = re.compile(r"[\s,;、,;。/|()()【】\[\]<>《》::“”\"']+")
_LONGEST, _MOST = 30, 2_000


def known_words(value: str, *, apart: bool = True) -> set[str]:
    """What of a field's value is looked for elsewhere: each name of a list, without titles; taken
    apart only where ``apart``. One character alone names nobody in particular and is left out."""
    found = set[str]()
    for part in (value.strip(), *(_BETWEEN.split(value) if apart else ())):
        for word in (part, _TITLES.sub("", part)):
            if 2 <= len(word) <= _LONGEST and word.casefold() not in _NOBODY:
                found.add(word)
    return found


@cache
def _nothing() -> Callable[[str], str]:
    return lambda text: text


def replacer(known: Mapping[str, str] | Iterable[tuple[str, str]]) -> Callable[[str], str]:
    """A function that puts tokens in the place of known words (word -> kind), the longest first.
    Words of Latin letters or digits are found whole only, whatever their case."""
    kinds = {word.casefold(): kind for word, kind in dict(known).items()}
    if not kinds:
        return _nothing()
    words = sorted(kinds, key=lambda word: (-len(word), word))[:_MOST]
    pieces = [
        rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])" if word.isascii() else re.escape(word)
        for word in words
    ]
    pattern = re.compile("|".join(pieces), re.IGNORECASE)

    def replace(text: str) -> str:
        return pattern.sub(lambda found: TOKENS[kinds.get(found[0].casefold(), "other")], text)

    return replace
