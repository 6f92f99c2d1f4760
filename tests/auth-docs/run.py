#!/usr/bin/env python3
"""The programs of docs/auth.md, run as they stand there, and their tokens shown to the local program.

A program whose language is not installed is not run; the last lines say which.

    cargo build --workspace --bins
    python3 tests/auth-docs/run.py           # bin/test runs it with its own folders
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/auth.md"
PYJWT = "2.10.1"

# Its own values, not the demo ones: what a program does not read from its environment is found out.
SETTINGS = {
    "PARLOUR_JWT_SECRET": "a-secret-that-only-this-test-and-its-programs-know",
    "PARLOUR_JWT_ISSUER": "https://shop.example/?a=b&c",
    "PARLOUR_JWT_AUDIENCE": "the chat of this test",
}
# What the programs need of this shell to run at all.
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "CARGO_HOME", "RUSTUP_HOME", "LD_LIBRARY_PATH")

RUN_SECONDS = 60
BUILD_SECONDS = 600

CRATES = {"base64": "0.22", "hmac": "0.13", "serde_json": "1", "sha2": "0.11"}


class NotHere(Exception):
    """The language is not installed."""


def found(program):
    path = shutil.which(program)
    if not path:
        raise NotHere(f"no {program}")
    return path


def output(command, seconds=RUN_SECONDS, env=None, cwd=None):
    """What a program prints; it must succeed."""
    done = subprocess.run(
        [str(part) for part in command], env=env, cwd=cwd, capture_output=True, text=True, timeout=seconds
    )
    if done.returncode != 0:
        raise RuntimeError(f"exit status {done.returncode}: {done.stderr.strip()[-800:]}")
    return done.stdout


def environment():
    return {name: os.environ[name] for name in KEPT if name in os.environ} | SETTINGS


class Languages:
    """How a program of each language is run: its text in, what it prints out."""

    def __init__(self, folder, cache):
        self.folder, self.cache = folder, cache

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def run(self, language, text):
        return getattr(self, language)(text)

    def js(self, text):
        return output([found("node"), self.write("token.mjs", text)], env=environment())

    def python(self, text):
        return output([self.venv(), self.write("token_for.py", text)], env=environment())

    def ruby(self, text):
        return output([found("ruby"), self.write("token.rb", text)], env=environment())

    def php(self, text):
        return output([found("php"), self.write("token.php", text)], env=environment())

    def go(self, text):
        program = [found("go"), "run", self.write("go/main.go", text)]
        caches = {"GOCACHE": str(self.cache / "go"), "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
        return output(program, BUILD_SECONDS, environment() | caches)

    def rust(self, text):
        found("cargo")
        self.write("rust/src/main.rs", text)
        crates = "".join(f'{name} = "{version}"\n' for name, version in CRATES.items())
        package = '[package]\nname = "token"\nversion = "0.0.0"\nedition = "2024"\n'
        self.write("rust/Cargo.toml", f"{package}\n[dependencies]\n{crates}\n[workspace]\n")
        # The versions that the project has fetched already.
        shutil.copy(ROOT / "Cargo.lock", self.folder / "rust")
        shutil.copy(ROOT / "rust-toolchain.toml", self.folder / "rust")
        command = ["cargo", "run", "--quiet", "--offline", "--target-dir", self.cache / "rust"]
        return output(command, BUILD_SECONDS, environment(), self.folder / "rust")

    def venv(self):
        """A Python that has PyJWT; made once."""
        venv = self.cache / "venv"
        python, mark = venv / "bin/python", venv / "pyjwt.version"
        if not (mark.is_file() and mark.read_text() == PYJWT):
            output([sys.executable, "-m", "venv", "--clear", venv], BUILD_SECONDS)
            install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"PyJWT=={PYJWT}"]
            output([python, *install], BUILD_SECONDS)
            mark.write_text(PYJWT)
        return python


def programs(document):
    """The programs of the document by the word after their fence, from the part about minting on."""
    text = document.split("## Minting a token", 1)[1]
    return dict(re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


class Parlour:
    """The local program, which knows the settings above and nobody else's."""

    def __init__(self, binary):
        command = [str(binary), "--listen", "127.0.0.1:0", "--data", ":memory:"]
        self.process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        found = re.search(r"listening on (http://\S+)", first)
        if not found:
            raise RuntimeError(f"the local program says {first!r}")
        self.base = found.group(1)

    def me(self, token):
        """Who calls with this token: (status, JSON)."""
        request = urllib.request.Request(f"{self.base}/v1/me", headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=RUN_SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def check(parlour, languages, language, text):
    """Why a program of the document does not do what it says there; None if it does."""
    printed = languages.run(language, text)
    token = printed.strip()
    if printed.count("\n") > 1 or token.count(".") != 2:
        return f"it prints no token: {printed[:200]!r}"
    status, me = parlour.me(token)
    if status != 200 or (me["id"], me["type"], me["name"], me["roles"]) != ("alice", "user", "Alice", []):
        return f"its token is answered with {status}: {me}"
    head, signature = token.rsplit(".", 1)
    forged = ("B" if signature[0] == "A" else "A") + signature[1:]
    status, _ = parlour.me(f"{head}.{forged}")
    return None if status == 401 else f"and a forged one with {status}"


def main():
    parser = argparse.ArgumentParser(description="Runs the programs of docs/auth.md against the local program.")
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "target/debug", help="folder of the binaries")
    parser.add_argument("--cache", type=pathlib.Path, default=ROOT / "target/auth-docs", help="what is kept for the next run")
    args = parser.parse_args()
    binary = args.bin_dir.resolve() / "parlour"
    if not binary.is_file():
        sys.exit(f"run.py: {binary} is missing; run `cargo build --workspace --bins`")
    cache = args.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through `finally`, which ends the program
    failed, not_here = 0, []
    found_programs = programs(DOCUMENT.read_text())
    if set(found_programs) != {"js", "python", "ruby", "php", "go", "rust"}:
        sys.exit(f"run.py: docs/auth.md has programs in {sorted(found_programs)}")
    with tempfile.TemporaryDirectory(prefix="parlour-auth-docs-") as folder:
        languages = Languages(pathlib.Path(folder), cache)
        parlour = Parlour(binary)
        try:
            for language, text in found_programs.items():
                try:
                    wrong = check(parlour, languages, language, text)
                except NotHere as why:
                    not_here.append(f"{language} ({why})")
                    continue
                except (RuntimeError, subprocess.TimeoutExpired) as error:
                    wrong = str(error)
                failed += wrong is not None
                print(f"FAIL  {language}: {wrong}" if wrong else f"ok    {language}", flush=True)
        finally:
            parlour.stop()
    ran = len(found_programs) - len(not_here)
    print(f"\n{ran - failed} passed, {failed} failed")
    if not_here:
        print("NOT RUN, since they are not installed here: " + ", ".join(not_here))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
