"""The real product in a process of its own, as `make run` starts it, on a database of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "planroom-acceptance"
#: Settings of the surroundings that would change what is tested.
_OURS = (
    "DATABASE_URL",
    "SECRET_KEY",
    "HOST",
    "TRUSTED_PROXIES",
    "SCHEDULER",
    "SESSION_COOKIE_SECURE",
)


@dataclass(frozen=True)
class Server:
    """A running demonstration. ``log`` is the file of everything it printed."""

    url: str
    password: str
    data_dir: Path
    log: Path

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.data_dir / 'planroom.db'}"


@contextmanager
def running(folder: Path, *, poll_seconds: int = 2) -> Iterator[Server]:
    """Start it below ``folder`` on a free port, wait until it answers, stop it at the end.

    Raises RuntimeError with what it printed when it does not come up."""
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    server = Server(f"http://127.0.0.1:{port}", PASSWORD, folder / "data", folder / "server.log")
    env = {name: value for name, value in os.environ.items() if name not in _OURS} | {
        "DEMO": "1",
        "DEMO_PASSWORD": PASSWORD,
        "DATA_DIR": str(server.data_dir),
        "PORT": str(port),
        "POLL_SECONDS": str(poll_seconds),
        "PYTHONUNBUFFERED": "1",
    }
    with server.log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "app", "run-planroom"],
            cwd=ROOT,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(process, server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], server: Server, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{server.url}/sign-in", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the server did not come up:\n{server.log.read_text('utf-8')[-4000:]}")
