"""Finds a Chromium for the acceptance tests, or gets one: the machine's, Debian's package, then
Playwright's own download. Prints what could not be had; the tests that need it then fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

#: Debian's package of Chromium without windows: half the work a page.
SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The path of a browser to drive, or None."""
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        if name and (path := shutil.which(name)):
            return path
    try:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as p:
            own = p.chromium.executable_path
    except Exception:  # the package or its driver is not there
        return None
    return own if Path(own).exists() else None


def apt(*packages: str) -> bool:
    """True when Debian's packages went in (root on a Debian machine only)."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=env, **quiet)  # type: ignore[call-overload]
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return subprocess.run(command, check=False, env=env, **quiet).returncode == 0  # type: ignore[call-overload,no-any-return]


def has_chinese_font() -> bool:
    if not shutil.which("fc-list"):
        return False
    out = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(out.stdout.strip())


def main() -> None:
    missing = []
    if find_chromium() is None:
        print("[planroom] Chromium for the browser tests ...", flush=True)
        fonts = ("fontconfig", "fonts-noto-cjk")
        if not apt(SHELL, *fonts) and not apt("chromium", *fonts):
            subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
        if find_chromium() is None:
            missing.append("Chromium")
    if not has_chinese_font() and not apt("fontconfig", "fonts-noto-cjk"):
        missing.append("a Chinese font (pictures only)")
    note = Path("build/missing.txt")
    note.parent.mkdir(exist_ok=True)
    note.write_text("".join(f"could not be had: {m}\n" for m in missing), "utf-8")


if __name__ == "__main__":
    main()
