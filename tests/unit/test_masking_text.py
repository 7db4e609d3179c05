"""Personal data in running text is found whatever stands around it and however it is written."""

from __future__ import annotations

import re
import time
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.masking_fields import kind_of
from services.masking_text import TOKENS, is_machine, known_words, masked, replacer
from workflows.contract import FormField

#: What people write around such things; nothing a number or an address would go on with.
AROUND = st.text("我家孩子在学校说的。,;:!?“”\n 请回复联系", max_size=12)
SEPARATOR = st.sampled_from(["", " ", "-"])
WIDE = {ord(str(n)): chr(0xFF10 + n) for n in range(10)}


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


@st.composite
def mobile(draw: st.DrawFn) -> str:
    between = draw(SEPARATOR)
    number = "1" + draw(st.sampled_from("3456789")) + draw(digits(9))
    text = between.join((number[:3], number[3:7], number[7:]))
    text = draw(st.sampled_from(["", "+86 ", "86-", "+86"])) + text
    return text.translate(WIDE) if draw(st.booleans()) else text


@st.composite
def landline(draw: st.DrawFn) -> str:
    area = draw(st.sampled_from(["010", "021", "0571", "0755"]))
    local = draw(st.sampled_from("2345678")) + draw(digits(7))
    return draw(st.sampled_from([f"{area}-{local}", f"({area}){local}", f"{area} {local}转12"]))


@st.composite
def identity(draw: st.DrawFn) -> str:
    born = draw(st.dates(date(1930, 1, 1), date(2025, 12, 31)))
    return (
        draw(st.sampled_from(["330106", "110101", "650102"]))
        + born.strftime("%Y%m%d")
        + draw(digits(3))
        + draw(st.sampled_from("0123456789Xx"))
    )


@st.composite
def email(draw: st.DrawFn) -> str:
    name = draw(st.from_regex(r"[a-z][a-z0-9._+\-]{0,15}[a-z0-9]", fullmatch=True))
    return f"{name}@{draw(st.sampled_from(['qq.com', 'mail.lanpu.gov.cn', 'x-y.org']))}"


@st.composite
def page(draw: st.DrawFn) -> str:
    host = draw(
        st.sampled_from(
            ["weibo.com/u/", "www.douyin.com/user/", "m.weibo.cn/profile/", "tieba.baidu.com/home/",
             "www.zhihu.com/people/", "bbs.lanpu.cn/space/", "bbs.lanpu.cn/?uid="]
        )
    )  # fmt: skip
    return f"https://{host}{draw(digits(9))}"


KINDS = {
    "phone": st.one_of(mobile(), landline()),
    "id": identity(),
    "email": email(),
    "link": page(),
    "card": digits(17).map(lambda rest: "62" + rest),
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_it_is_found_whatever_stands_around_it(kind: str) -> None:
    @settings(max_examples=40)
    @given(before=AROUND, secret=KINDS[kind], after=AROUND)
    def check(before: str, secret: str, after: str) -> None:
        text = masked(before + secret + after)
        bare = re.sub(r"\D", "", unicodedata.normalize("NFKC", secret))
        assert secret not in text
        assert not re.search(r"\d{4}", text) or len(bare) < 4, text
        assert any(token in text for token in TOKENS.values())
        # What stands around it is kept, and masking what is masked changes nothing.
        assert text.startswith(before) and (text.endswith(after) or kind == "link")
        assert masked(text) == text

    check()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("QQ群123456789", "QQ群〔账号〕"),
        ("微信号:abc_de12,请加", "微信号:〔账号〕,请加"),
        ("加vx abcdef123", "加vx 〔账号〕"),
        ("网名:小城故事 发帖", "网名:〔账号〕 发帖"),
        ("账号“澜浦吐槽君”发帖", "账号“〔账号〕”发帖"),
        ("@小城故事 转发", "〔账号〕 转发"),
        ("姓名:张三丰,男", "姓名:〔姓名〕,男"),
        ("电话 8654321", "电话 〔电话〕"),
        ("住址:城关镇三号楼201,独居", "住址:〔住址〕,独居"),
        ("身份证330106870307231", "身份证〔证件号〕"),
        ("用户id oyxmabc 发帖", "用户id 〔账号〕 发帖"),
        ("ID: oyxmabc", "ID: 〔账号〕"),
        ("uid 5512345, id55123", "uid 〔账号〕, id〔账号〕"),
        ("user id “oyxmabc”", "user id “〔账号〕”"),
        ("his wechat oyxmabc", "his wechat 〔账号〕"),
        ("Telephone 8654321, phone number: 8654321", "Telephone 〔电话〕, phone number: 〔电话〕"),
        ("called 8654321 at once", "called 〔电话〕 at once"),
    ],
)
def test_what_stands_behind_its_label(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-10 10:00 阅读量达到一万,评论 12345 条", "编号 2026-0001,金额 1234567.89 元",
        "微信群里有 200 人", "致电 12345 热线", "https://www.news.cn/a/20260310/1.html 报道",
        "第三版,同意。原因正在调查", "P11-D1 超时 1 小时 20 分", "3人受伤,无人死亡。",
        "公众号已停更,账号已注销", "", "宣传部值班室",
        "The guidelines were considered; identity unknown, residential area, individually told",
        "no id number was given", "report_identity/check", "nonresident video_clip",
        "hotel 2200 12345",
    ],
)  # fmt: skip
def test_what_is_nobodys_stays(text: str) -> None:
    assert masked(text) == text


def test_known_words_are_masked_wherever_they_stand() -> None:
    words = known_words("欧阳小敏(家长)、司马长风先生,Li Na;王")
    assert (
        {"欧阳小敏", "司马长风", "Li", "Na"} <= words and "家长" not in words and "王" not in words
    )
    hide = replacer({"欧阳小敏": "name", "欧阳": "name", "Li Na": "name", "猫咪": "account"})
    assert hide("欧阳小敏说li na和猫咪在,Lina不在") == "〔姓名〕说〔姓名〕和〔账号〕在,Lina不在"
    assert replacer({})("欧阳小敏") == "欧阳小敏"


def test_figures_of_machines_are_not_touched() -> None:
    for text in ("ab" * 32, "8b2a79e8-fa59-5385-eaab-d82600000003", "2026-03-10T02:00:00.123456Z"):
        assert is_machine(text)
    assert not is_machine("13812345678")


def field(label: str, id: str = "x", type: str = "string", **properties: str) -> FormField:
    return FormField(id, label, type, properties=properties)


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (field("来电人姓名"), "name"), (field("报告人电话"), "phone"), (field("网名"), "account"),
        (field("人员名单", type="text"), "name"), (field("微信"), "account"),
        (field("身份证号"), "id"), (field("说明", "caller_phone"), "phone"),
        (field("家庭住址"), "address"), (field("邮箱"), "email"), (field("说明"), ""),
        (field("责任岗位(不填姓名)"), ""), (field("方式(电话、面谈、书面)"), ""),
        (field("联系方式", type="enum"), ""), (field("窗口姓名牌", personal="false"), ""),
        (field("经过", personal="true"), "other"),
        (field("号码", type="long", personal="true"), "other"),
    ],
)  # fmt: skip
def test_which_fields_are_personal(one: FormField, kind: str) -> None:
    assert kind_of(one) == kind


@pytest.mark.parametrize(
    "text",
    ["1" * 20_000, "a-" * 10_000, "a." * 10_000, "http://" * 3_000, "1 3 " * 5_000, "@" * 20_000,
     "电话" * 10_000, "姓名:" * 6_000, "x@" * 10_000],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    masked(text)
    assert time.process_time() - began < 1.0
