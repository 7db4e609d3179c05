"""Headers that keep a browser from doing what no page of ours asks for."""

from __future__ import annotations

from flask import Flask, Response, g, request
from werkzeug.exceptions import BadRequest, NotFound

from views.kit import csp_nonce, settings

#: Bytes of text in one form; files come on top, up to MAX_UPLOAD_MB.
FORM_BYTES = 2_000_000
#: Bytes of one file of a plan's draft, saved as JSON (`workflows.xml.MAX_BYTES` and its escapes).
DRAFT_BYTES = 8_000_000


def content_security_policy(nonce: str) -> str:
    """Scripts and styles are our own files; the one inline script of the page's head carries
    the answer's nonce. Nothing inline else, no frames, no plug-ins, no other site."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' 'nonce-{nonce}'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def init_app(app: Flask) -> None:
    """Send the headers with every answer, and refuse text that is too much for a form."""

    @app.before_request
    def limit_text() -> None:
        # No name of ours has it, and PostgreSQL takes it in no text.
        if "\x00" in request.path:
            raise NotFound
        # Werkzeug applies MAX_FORM_MEMORY_SIZE to multipart forms only.
        if request.mimetype != "multipart/form-data":
            saved = request.endpoint == "studio.save"
            request.max_content_length = DRAFT_BYTES if saved else FORM_BYTES
        # A part without a name is no field of any page, and more than Flask-WTF can read.
        if request.method == "POST" and (None in request.form or None in request.files):
            raise BadRequest

    @app.after_request
    def headers(response: Response) -> Response:
        own = response.headers
        own.setdefault("Content-Security-Policy", content_security_policy(csp_nonce()))
        own.setdefault("X-Content-Type-Options", "nosniff")
        own.setdefault("Referrer-Policy", "same-origin")
        own.setdefault("X-Frame-Options", "DENY")
        own.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        own.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        own.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
        if settings().session_cookie_secure:
            own.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        if request.endpoint == "static":
            # The address carries the file's time of change: a new file is a new address.
            if "v" in request.args:
                response.cache_control.no_cache = None
                response.cache_control.public = True
                response.cache_control.max_age = 31_536_000
                response.cache_control.immutable = True
        else:
            # What a person may see is nobody else's, also not after signing out.
            own.setdefault("Cache-Control", "no-store")
        g.pop("csp_nonce", None)
        return response
