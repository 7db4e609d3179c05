"""A signed-in browser, as little of it as costs nothing: a kept connection, cookies, the page's
token, and the address a post leads to."""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from urllib.parse import urlencode

from tests.benchmarks.house import PASSWORD

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Browser:
    """One person at one browser. Raises RuntimeError for any answer but the one expected."""

    def __init__(self, port: int, username: str = "duty") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookie = ""
        self._token = ""
        self.get("/sign-in")
        self.post("/sign-in", {"username": username, "password": PASSWORD}, keep=True)
        self.get("/inbox")

    def get(self, path: str) -> str:
        """A page."""
        status, _, body = self._ask("GET", path, None, keep=True)
        if status != 200:
            raise RuntimeError(f"GET {path}: {status}")
        if found := _TOKEN.search(body):
            self._token = found.group(1)
        return body

    def post(self, path: str, form: Mapping[str, str], *, keep: bool = False) -> str:
        """Send a form; returns where it leads (303). Unless ``keep``, the cookie stays the one
        of the page: the words flashed for a page nobody looks at would pile up in it."""
        body = urlencode({**form, "csrf_token": self._token})
        status, location, text = self._ask("POST", path, body, keep=keep)
        if status != 303:
            raise RuntimeError(f"POST {path}: {status} {text[:300]}")
        return location

    def _ask(self, method: str, path: str, body: str | None, *, keep: bool) -> tuple[int, str, str]:
        headers = {"Cookie": self._cookie}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        cookie = answer.getheader("Set-Cookie")
        if keep and cookie:
            self._cookie = cookie.partition(";")[0]
        return answer.status, answer.getheader("Location") or "", text
