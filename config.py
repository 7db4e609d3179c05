"""Settings from the environment, typed, each documented once.

The README's table is made from `table()`, so a setting described here is described everywhere.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from click import ClickException

#: Good enough on one's own machine, refused anywhere else.
DEVELOPMENT_KEY = "planroom-development-key-not-for-use-elsewhere"


class ConfigError(ClickException):
    """A setting that cannot be used; the message names it and says what to do. On the command
    line it is all that is printed."""


def _setting(env: str, default: Any, help_: str) -> Any:
    return field(default=default, metadata={"env": env, "help": help_})


# ruff: noqa: RUF009 - _setting makes a dataclass field
@dataclass(frozen=True, slots=True)
class Settings:
    """Everything Planroom takes from its surroundings."""

    host: str = _setting("HOST", "127.0.0.1", "Address the web server listens on.")
    port: int = _setting("PORT", 8000, "Port the web server listens on.")
    threads: int = _setting("THREADS", 8, "Requests handled at the same time.")
    data_dir: Path = _setting(
        "DATA_DIR", Path("data"), "Folder for uploaded files and, by default, the database."
    )
    database_url: str = _setting(
        "DATABASE_URL",
        "",
        "SQLAlchemy address of the database; empty: SQLite file planroom.db in DATA_DIR.",
    )
    secret_key: str = _setting(
        "SECRET_KEY",
        DEVELOPMENT_KEY,
        "Signs sessions and form tokens. The default works on loopback only.",
    )
    demo: bool = _setting(
        "DEMO", False, "Demonstration: person switch, fast-forward. Loopback only."
    )
    demo_password: str = _setting(
        "DEMO_PASSWORD", "", "Password of the demonstration accounts; empty: one is made up."
    )
    session_cookie_secure: bool = _setting(
        "SESSION_COOKIE_SECURE", False, "Send cookies over HTTPS only, and send HSTS."
    )
    session_hours: int = _setting("SESSION_HOURS", 12, "Hours until an idle sign-in ends.")
    trusted_proxies: int = _setting(
        "TRUSTED_PROXIES", 0, "Reverse proxies in front whose X-Forwarded-* headers are believed."
    )
    max_upload_mb: int = _setting("MAX_UPLOAD_MB", 25, "Largest request, files included, in MB.")
    scheduler: bool = _setting(
        "SCHEDULER", True, "Fire deadlines in the web process; off when a worker does it."
    )
    poll_seconds: int = _setting(
        "POLL_SECONDS", 5, "How often an open page asks for changes others made."
    )
    log_level: str = _setting("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR.")

    @property
    def url(self) -> str:
        """The database's address, the default filled in."""
        if self.database_url:
            return self.database_url
        return f"sqlite:///{(self.data_dir / 'planroom.db').resolve()}"

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server. A reverse proxy in front means that
        others can, whatever the address."""
        if self.trusted_proxies:
            return False
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def check(self) -> None:
        """Raise `ConfigError` for settings that would put an installation at risk."""
        if self.log_level not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
            raise ConfigError("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
        if self.on_loopback:
            return
        if self.demo:
            raise ConfigError(
                "DEMO works on loopback only: anybody could act as anybody. "
                "Unset DEMO, or set HOST=127.0.0.1 and TRUSTED_PROXIES=0."
            )
        if self.secret_key == DEVELOPMENT_KEY or len(self.secret_key) < 32:
            raise ConfigError(
                "SECRET_KEY must be a secret of at least 32 characters when the server can be "
                "reached from other machines."
            )


def _flag(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered in {"1", "true", "yes", "on"}:
        return True
    if lowered in {"", "0", "false", "no", "off"}:
        return False
    raise ValueError(text)


_READERS: dict[str, Callable[[str], Any]] = {
    "bool": _flag,
    "int": int,
    "str": str,
    "Path": Path,
}


def read(environ: Mapping[str, str]) -> Settings:
    """The settings an environment asks for; `ConfigError` where a value has the wrong form."""
    given: dict[str, Any] = {}
    for item in fields(Settings):
        text = environ.get(item.metadata["env"])
        if text is None or text == "":
            continue
        try:
            given[item.name] = _READERS[str(item.type)](text)
        except ValueError:
            raise ConfigError(f"{item.metadata['env']}={text!r} is not a {item.type}.") from None
    return Settings(**given)


def table() -> list[tuple[str, str, str]]:
    """(variable, default, meaning) of every setting, in reading order."""

    def shown(item: Field[Any]) -> str:
        if item.name == "secret_key":
            return "(development key)"
        return str(item.default)

    return [(f.metadata["env"], shown(f), f.metadata["help"]) for f in fields(Settings)]
