"""Files of ours as downloads: whatever one holds, the browser saves it and runs none of it."""

from __future__ import annotations

from pathlib import Path

from flask import Response, send_file


def kept_file(path: Path, name: str, mime: str, etag: str) -> Response:
    """The file at ``path`` under ``name``, as an attachment; ``etag`` names its content."""
    answer = send_file(
        path.resolve(),  # Flask takes a relative one from the package's folder
        mimetype=mime,
        as_attachment=True,
        download_name=name,
        conditional=True,
        etag=etag,
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
