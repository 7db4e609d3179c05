"""Pages for what went wrong, in the reader's language, losing nothing that was typed."""

from __future__ import annotations

import logging
import secrets

from flask import Flask, Response, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from services.errors import NotKept, Refusal, Stale
from views import finding_words
from views.kit import Answer, render, settings
from views.refusals import sentence
from workflows.contract import DeploymentError

log = logging.getLogger(__name__)

#: (heading, what to do) by status.
PAGES = {
    400: (_l("请求有误"), _l("浏览器发来的内容不完整或不对。请返回上一页再试。")),
    401: (_l("请先登录"), _l("登录已结束或尚未登录。")),
    403: (_l("没有权限"), _l("您的角色不能做这件事。如需办理,请联系管理员。")),
    404: (_l("没有找到"), _l("地址不对,或您无权查看。")),
    405: (_l("不能这样访问"), _l("请从页面上的按钮进入。")),
    409: (_l("情况已经变了"), _l("别人刚刚先办了,请查看最新情况。")),
    413: (_l("内容过大"), _l("内容过大。")),
    415: (_l("文件类型不对"), _l("不接受这种类型的文件。")),
    422: (_l("不能办理"), _l("填写的内容不符合要求。")),
    429: (_l("请稍候"), _l("尝试过于频繁,请稍候再试。")),
    500: (_l("系统出错"), _l("出错的内容已记录,已填写的内容请返回上一页找回。")),
    503: (_l("系统繁忙"), _l("请稍候再试,已填写的内容请返回上一页找回。")),
}

#: Never shown again on a page, whatever the form.
_SECRET_FIELDS = frozenset({"csrf_token", "password", "password2", "current_password"})


def error_page(status: int, text: str = "", code: str = "") -> Response:
    """The page for a status; ``text`` replaces the general advice."""
    heading, advice = PAGES.get(status, PAGES[500])
    page = render(
        "errors/page.html", status=status, heading=heading, text=text or advice, code=code
    )
    return make_response(page, status)


def refused(refusal: Refusal) -> Answer:
    """A service said no and no form catches it: a sentence that says why."""
    answer = error_page(refusal.status, sentence(refusal), refusal.code)
    if "retry_after" in refusal.args_:
        answer.headers["Retry-After"] = str(refusal.args_["retry_after"])
    return answer


def unreadable(error: DeploymentError) -> Answer:
    """A plan's files say what no page can go on with, and no page of it catches that: what is
    wrong, in words."""
    text = " ".join(map(finding_words.sentence, error.findings[:3]))
    return error_page(422, text, "draft_unreadable")


def stale(error: Stale) -> Answer:
    """The race was lost again and again: the person tries once more."""
    log.warning("gave up after reruns: %s", error)
    return error_page(409, _("同一时间办理的人较多,这一步没有保存,请再试一次。"))


def unkept(error: NotKept) -> Answer:
    """A value no column takes, which nobody types but a program sends: PostgreSQL refuses a zero
    byte in a text, SQLite keeps it. Logged all the same: it may be a check of ours that is missing.
    """
    log.warning("%s %s: %s", request.method, request.path, error.orig)
    return error_page(422, _("填写的内容里有无法保存的字符,没有保存。请返回上一页改正。"))


def csrf_failed(error: CSRFError) -> Answer:
    """The page was open too long, or the sign-in ended meanwhile: what was typed is offered
    again with a fresh token. From another site nothing is offered."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        return error_page(400, _("这一请求来自别的网站,未予办理。"))
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in _SECRET_FIELDS
    ]
    page = render(
        "errors/expired.html",
        fields=fields,
        shown=[(n, v) for n, v in fields if v.strip() and not n.startswith("_") and n != "next"],
        files=[f.filename for f in request.files.values() if f.filename],
        target=request.full_path if request.query_string else request.path,
        signed_in=current_user.is_authenticated,
        resendable=request.endpoint not in {"auth.enter", None},
        home=url_for("inbox.show"),
    )
    return make_response(page, 400)


def too_large(error: RequestEntityTooLarge) -> Answer:
    """More than a form or a file may hold; the browser still has what was typed."""
    limit = settings().max_upload_mb
    return error_page(
        413,
        _("文字最多 2 MB,文件最多 %(n)s MB。请返回上一页删减后再提交,已填写的内容仍在。", n=limit),
    )


def http_error(error: HTTPException) -> Answer:
    """Whatever Flask or a view aborts with."""
    if error.response is not None:
        response = error.response
        return response if isinstance(response, Response) else make_response(response)
    status = error.code or 500
    answer = error_page(status)
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after"}:
            answer.headers[name] = value
    return answer


def failed(error: Exception) -> Answer:
    """A fault of ours: logged under a number the page shows."""
    number = secrets.token_hex(4)
    log.error("%s %s failed, error %s", request.method, request.path, number, exc_info=error)
    return error_page(500, code=number)


def init_app(app: Flask) -> None:
    """Attach the handlers, the narrow ones included."""
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(DeploymentError, unreadable)
    app.register_error_handler(Stale, stale)
    app.register_error_handler(NotKept, unkept)
    app.register_error_handler(CSRFError, csrf_failed)
    app.register_error_handler(RequestEntityTooLarge, too_large)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, failed)
