"""The real application under waitress in a process of its own, with a bare endpoint beside it:
the same sign-in and CSRF check, then one UPDATE and one INSERT in one transaction.

    python -m tests.benchmarks.server DATABASE_URL

prints the port it listens on.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from flask import Blueprint, Flask, request
from flask_login import login_required
from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, insert
from waitress.server import create_server
from werkzeug.wrappers import Response

from app import create_app
from config import Settings
from services.uow import Database, UnitOfWork
from views.kit import run, see_other

THREADS = 8
_tables = MetaData()
_counter = Table(
    "bench_counter", _tables, Column("id", Integer, primary_key=True), Column("n", Integer)
)
_log = Table(
    "bench_log", _tables, Column("id", Integer, primary_key=True), Column("at", DateTime(True)),
    Column("text", String(200)),
)  # fmt: skip
bp = Blueprint("bench", __name__)


@bp.post("/bench/<int:row>")
@login_required  # type: ignore[untyped-decorator]
def bare(row: int) -> Response:
    """One UPDATE, one INSERT, and on to another page."""
    values = {"at": datetime.now(UTC), "text": request.form["note"]}

    def work(uow: UnitOfWork) -> None:
        changed = _counter.update().where(_counter.c.id == row).values(n=_counter.c.n + 1)
        uow.session.execute(changed)
        uow.session.execute(insert(_log).values(values))

    run(work)
    return see_other("inbox.show")


def prepare(db: Database, rows: int) -> None:
    """The bare endpoint's tables, with a row for each client."""
    _tables.create_all(db.engine)

    def work(uow: UnitOfWork) -> None:
        uow.session.execute(insert(_counter), [{"id": n, "n": 0} for n in range(1, rows + 1)])

    db.run(work)


def application(url: str) -> Flask:
    """The product's application and the bare endpoint."""
    settings = Settings(
        data_dir=Path("build"), database_url=url, secret_key="k" * 40, scheduler=False,
        log_level="ERROR",
    )  # fmt: skip
    app = create_app(settings)
    app.register_blueprint(bp)
    return app


@contextmanager
def served(url: str) -> Iterator[int]:
    """The port of a server process over the database at ``url``."""
    command = [sys.executable, "-m", "tests.benchmarks.server", url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.strip().isdigit():
            raise RuntimeError(f"the server did not start: {line}")
        yield int(line)
    finally:
        process.terminate()
        process.wait()


def main(url: str) -> None:
    app = application(url)
    logging.getLogger("waitress").setLevel(logging.ERROR)
    server = create_server(
        app, host="127.0.0.1", port=0, threads=THREADS, ident="planroom",
        channel_timeout=3600,  # clients that wait for their turn are not hung up on
    )  # fmt: skip
    print(server.effective_port, flush=True)
    server.run()


if __name__ == "__main__":
    main(sys.argv[1])
