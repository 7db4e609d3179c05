"""Makes the lock files anew: `make lock`. Pinned versions with hashes, no addresses in them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

COMPILE = [
    sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes", "--strip-extras",
    "--allow-unsafe", "--no-header", "--no-emit-index-url", "--no-emit-find-links",
    "--no-emit-trusted-host",
]  # fmt: skip


def main() -> None:
    for target, source, extra in (
        ("requirements.lock", "pyproject.toml", []),
        ("requirements-test.lock", "pyproject.toml", ["--extra", "test"]),
        ("requirements-tools.lock", "requirements-tools.in", []),
        ("requirements-uv.lock", "requirements-uv.in", []),
    ):
        print(f"  {target}")
        subprocess.run([*COMPILE, *extra, "-o", target, source], check=True)
    subprocess.run(["npm", "install", "--package-lock-only"], check=True)
    strip_addresses(Path("package-lock.json"))


def strip_addresses(lock: Path) -> None:
    """npm notes where to fund a package; a lock file of ours carries no addresses."""
    data = json.loads(lock.read_text("utf-8"))
    for package in data["packages"].values():
        package.pop("funding", None)
        package.pop("resolved", None)
    lock.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
