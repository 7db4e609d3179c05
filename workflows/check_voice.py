"""Only disclosed voices: no step of a plan lets anybody speak in public unattributed, pose as
somebody else, flood a discussion, or remove what is merely unfavourable.

Some source texts ask for just that (网络水军, 以第三者身份跟贴, 封堵删除); the library replaces
each (``plans/acceptance.md``, section 3), and no plan made later may bring it back. Words are a
coarse sieve: what a plan asks for is also read by the second person who puts it in force.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from workflows.catalogue import Catalogue
from workflows.check_walk import named
from workflows.contract import Element
from workflows.findings import Findings

#: What is asked for, by the replacement that is offered instead. One list, so that adding a word is
#: one line. Whole phrases where a word alone also has an honest use (匿名举报, 依规删除).
WORDS: Final[dict[str, re.Pattern[str]]] = {
    # Speaking as somebody else, or as nobody: answer under the unit's own name instead.
    "voice": re.compile(
        r"水军|马甲|网评员|网络评论员|网评队伍|网评文章|五毛|小号(?:发|跟|评|回)"
        r"|以(?:普通|一般)?(?:网民|网友|群众|市民|学生|家长|路人|第三方|第三者|他人|个人)(?:的)?"
        r"(?:身份|名义|口吻)|(?:冒充|假冒|扮作|伪装成)(?:网民|网友|群众|市民|学生|家长|第三方|他人)"
        r"|匿名(?:发帖|发言|发布|回复|回应|跟帖|跟贴|评论|引导)"
        r"|sock ?puppet|astroturf|pos(?:e|ing) as|paid posters?"
        r"|under (?:a|an) (?:false|assumed) name"
        r"|anonymous(?:ly)? (?:post|comment|repl|respon)\w*",
        re.IGNORECASE,
    ),
    # Flooding: collect the questions and answer them once, in public.
    "flood": re.compile(
        r"(?:引导|组织|安排|发动|集中|大量|统一)(?:[^,,。;;]{0,8})?(?:跟帖|跟贴|发帖|评论|点赞|顶帖|转评)"
        r"|(?:跟帖|跟贴)引导|导贴|导帖|抢沙发|刷屏|刷帖|刷评|刷量|灌水|控评|顶帖|洗版"
        r"|flood(?:ing)? (?:the )?(?:thread|discussion|comment|forum)\w*|brigad(?:e|ing)",
        re.IGNORECASE,
    ),
    # Removing: correct it, or give lawful notice of what is untrue or infringing (民法典1195).
    "remove": re.compile(
        r"删帖|删贴|压帖|沉帖|撤热搜|降热搜|降热度"
        r"|(?:删除|屏蔽|封堵|封锁|清除|过滤|压制)(?:[^,,。;;]{0,10})?"
        r"(?:负面|不利|批评|质疑|不满|投诉|差评|评论|言论|帖子|舆情)"
        r"|(?:delet|remov|suppress|block|bury)(?:e|es|ing|ying)? (?:[a-z]+ ){0,3}"
        r"(?:negative|critical|unfavou?rable|criticism|complaints?)",
        re.IGNORECASE,
    ),
}
#: In the same clause, before or after: the text speaks of not doing it, or of finding it.
_DENIED: Final = re.compile(
    r"不|禁止|严禁|切勿|勿|代替|替代|取代|改为|而非|防止|杜绝|举报|发现|识别|核查|监测"
    r"|\bnot?\b|n't|\bnever\b|\bwithout\b|\binstead\b|\breplac|\bprohibit|\bforbid|\bdetect|\breport",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(r"[。;;!!??\n]|\.\s")

#: External work whose topic says that something is published.
_PUBLISHES: Final = re.compile(
    r"publish|post|tweet|weibo|wechat|comment|broadcast|press", re.IGNORECASE
)


def check(catalogue: Catalogue, found: Findings) -> None:
    """Adds ``undisclosed_voice``, ``flooding``, ``removal_of_criticism`` and
    ``sender_undisclosed`` (errors)."""
    for element in catalogue.written():
        file = catalogue.file_of(element)
        if _speaks(element) and not element.properties.get("sender", "").strip():
            found.error("sender_undisclosed", file, element.id, **named("task", element))
        for text in _texts(element):
            asked, words = asks_for(text)
            args = {**named("task", element), "words": words}
            if asked == "voice":
                found.error("undisclosed_voice", file, element.id, **args)
            elif asked == "flood":
                found.error("flooding", file, element.id, **args)
            elif asked == "remove":
                found.error("removal_of_criticism", file, element.id, **args)


def asks_for(text: str) -> tuple[str, str]:
    """Which of `WORDS` the text asks for and the words found, ("", "") when none."""
    for clause in _CLAUSE.split(text):
        for kind, pattern in WORDS.items():
            match = pattern.search(clause)
            if match and not _DENIED.search(clause):
                return kind, match[0]
    return "", ""


def _speaks(element: Element) -> bool:
    """Whether the element speaks in public other than by the release of an approved statement,
    which names its channel and sender by itself."""
    if element.kind == "serviceTask":
        return bool(_PUBLISHES.search(element.topic))
    public = element.properties.get("public", "").strip().lower() == "true"
    return public and element.form_key != "planroom:statement-release"


def _texts(element: Element) -> Iterator[str]:
    own = element.properties
    yield from (element.name, element.name_en, own.get("help", ""), own.get("help.en", ""))
    # A step that stands in for what a source text asks says so, in the source's own words.
    if element.origin != "replaced":
        yield from (element.documentation, element.documentation_en)
    for item in element.form_fields:
        yield from (item.label, item.label_en, item.help, item.help_en)
        for _, label, english in item.options:
            yield from (label, english)
