"""Brings a fresh machine to where `make run` and `make test` can go: standard library only.

Each step leaves a stamp (a hash of what it was made from) under build/stamps and is passed over
the next time nothing has changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMPS = ROOT / "build" / "stamps"
NODE_MIN = 18


def say(text: str) -> None:
    print(f"[planroom] {text}", flush=True)


def digest(paths: Iterable[Path], *extra: str) -> str:
    h = hashlib.sha256()
    for text in extra:
        h.update(text.encode())
    for path in sorted(paths):
        h.update(str(path.relative_to(ROOT)).encode())
        h.update(path.read_bytes())
    return h.hexdigest()


def step(name: str, made_from: str, is_there: bool, work: Callable[[], None]) -> None:
    stamp = STAMPS / name
    if is_there and stamp.exists() and stamp.read_text("utf-8") == made_from:
        return
    say(f"{name} ...")
    began = time.monotonic()
    work()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(made_from, "utf-8")
    say(f"{name} done in {time.monotonic() - began:.0f} s")


def run(*command: str | Path, env: dict[str, str] | None = None) -> None:
    result = subprocess.run([str(c) for c in command], cwd=ROOT, env=env, check=False)
    if result.returncode:
        raise SystemExit(f"[planroom] failed ({result.returncode}): {' '.join(map(str, command))}")


@contextmanager
def beside(name: str, *command: str | Path) -> Iterator[None]:
    """Run a command while what is within goes on; what it printed follows at the end."""
    began = time.monotonic()
    log = ROOT / "build" / f"{name}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("w+", encoding="utf-8") as out:
        process = subprocess.Popen(
            [str(c) for c in command], cwd=ROOT, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            yield
            process.wait()
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            print(log.read_text("utf-8"), end="", flush=True)
    if process.returncode:
        raise SystemExit(f"[planroom] failed ({process.returncode}): {name}")
    say(f"{name} done, {time.monotonic() - began:.0f} s after it began")


def environment() -> None:
    def work() -> None:
        run(sys.executable, "-m", "venv", "--clear", VENV)

    step("virtual environment", f"{sys.version_info[:2]}", (BIN / "python").exists(), work)


def pip(*arguments: str | Path) -> list[str]:
    return [str(a) for a in (BIN / "python", "-m", "pip", *arguments)]


def uv_environment() -> dict[str, str]:
    """The environment in which uv asks where pip would: pip's own settings name the mirror and the
    certificates of this machine, and uv does not read them."""
    env = dict(os.environ)
    listed = subprocess.run(pip("config", "list"), capture_output=True, text=True, check=False)
    for line in listed.stdout.splitlines():
        key, _, value = line.partition("=")
        option, value = key.rpartition(".")[2], value.strip().strip("'\"")
        if option == "index-url":
            env.setdefault("UV_DEFAULT_INDEX", value)
        elif option == "extra-index-url":
            over_net = " ".join(url for url in value.split() if url.startswith("http"))
            env.setdefault("UV_INDEX", over_net)
        elif option == "cert":
            env.setdefault("SSL_CERT_FILE", value)
    return env


def packages(lock: str) -> None:
    """What a lock file names, by uv, which unpacks side by side; by pip where uv cannot."""

    def work() -> None:
        install = ("install", "--quiet", "--require-hashes", "-r")
        with_pip = pip(*install, ROOT / lock, "--disable-pip-version-check")
        uv = pip(*install, ROOT / "requirements-uv.lock", "--disable-pip-version-check")
        if subprocess.run(uv, cwd=ROOT, check=False).returncode == 0:
            by_uv = subprocess.run(
                [BIN / "uv", "pip", *install, ROOT / lock, "--python", BIN / "python"],
                cwd=ROOT, env=uv_environment(), check=False,
            )  # fmt: skip
            if by_uv.returncode == 0:
                return
        say("uv could not install the packages; pip does")
        run(*with_pip)

    step(f"Python packages ({lock})", digest([ROOT / lock], str(VENV)), True, work)


def node_environment() -> dict[str, str]:
    """An environment in which `node` and `npm` are found: the machine's, else the PyPI wheel's."""
    env = dict(os.environ)
    node = shutil.which("node")
    if node and shutil.which("npm"):
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        major = version.stdout.strip().lstrip("v").split(".")[0]
        if major.isdigit() and int(major) >= NODE_MIN:
            return env
    packages("requirements-tools.lock")
    env["PATH"] = f"{BIN}{os.pathsep}{env.get('PATH', '')}"
    return env


def front_end() -> None:
    modules = ROOT / "node_modules"
    lock = ROOT / "package-lock.json"
    sources = [p for p in (ROOT / "frontend").rglob("*") if p.is_file()]
    made_from = digest([*sources, lock, ROOT / "tools" / "build.mjs"])
    bundle = ROOT / "workflows" / "_bundle" / "feel.js"
    locked = digest([lock])
    fresh = (STAMPS / "front-end packages").exists() and (STAMPS / "front-end packages").read_text(
        "utf-8"
    ) == locked
    built = (STAMPS / "bundles").exists() and (STAMPS / "bundles").read_text("utf-8") == made_from
    if fresh and built and modules.exists() and bundle.exists():
        return
    env = node_environment()
    npm = shutil.which("npm", path=env["PATH"]) or "npm"
    step(
        "front-end packages", locked, modules.exists(), lambda: run(npm, "ci", "--silent", env=env)
    )
    step(
        "bundles", made_from, bundle.exists(), lambda: run(npm, "run", "--silent", "build", env=env)
    )


def catalogues() -> None:
    sources = list((ROOT / "translations").rglob("*.po"))
    compiled = all(p.with_suffix(".mo").exists() for p in sources)
    step(
        "translations", digest(sources), compiled,
        lambda: run(BIN / "pybabel", "--quiet", "compile", "-d", ROOT / "translations"),
    )  # fmt: skip


def verifier() -> None:
    """`planroom-verify`: the one file that checks evidence bundles, beside the other programs."""
    own = ROOT / "tools" / "planroom_verify.py"
    path = BIN / "planroom-verify"
    call = f"runpy.run_path({str(own)!r}, run_name='__main__')"
    text = f"#!{BIN / 'python'}\nimport runpy\n\n{call}\n"
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
        path.chmod(0o755)


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - reached when `make` finds an older Python
        raise SystemExit(
            "[planroom] Python 3.11 or newer is needed; call `make PYTHON=python3.12 ...`"
        )
    lock = "requirements-test.lock" if "--test" in sys.argv else "requirements.lock"
    environment()
    packages(lock)
    verifier()
    with ExitStack() as meanwhile:
        # Neither needs the front end, whose packages and browser mostly wait for the network.
        if "--check" in sys.argv:
            meanwhile.enter_context(beside("check", "make", "check"))
        if "--test" in sys.argv:
            meanwhile.enter_context(beside("browser", BIN / "python", "tools/browser.py"))
        front_end()
        catalogues()


if __name__ == "__main__":
    main()
