#!/usr/bin/env python3
"""The local program as it is installed: its pages are inside, and it needs nothing of this folder.

    cargo build --workspace --bins --features local/pages    # after `npm run build` in web/
    python3 tests/install/run.py
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def check(base):
    built = ROOT / "web/dist"
    pages = {"/": "index.html", "/inbox": "inbox/index.html", "/inbox/a-room": "inbox/index.html", "/desk": "desk/index.html"}
    for path, file in pages.items():
        status, headers, body = get(base + path)
        assert status == 200 and body == (built / file).read_bytes(), (path, status)
        assert headers["Content-Type"].startswith("text/html"), (path, headers["Content-Type"])
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
    print(f"ok  {len(pages)} addresses of pages are answered, with their policy")

    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    files = [file for file in built.rglob("*") if file.suffix in kinds]
    assert len(files) > 10, files
    for file in files:
        path = "/" + file.relative_to(built).as_posix()
        status, headers, body = get(base + path)
        assert status == 200 and body == file.read_bytes(), (path, status)
        assert headers["Content-Type"].split(";")[0] == kinds[file.suffix], (path, headers["Content-Type"])
        is_named_by_content = path.startswith("/assets/")
        assert ("immutable" in headers["Cache-Control"]) == is_named_by_content, (path, headers["Cache-Control"])
    print(f"ok  all {len(files)} of their files are inside, each as what it is")

    for path in ("/assets/none.js", "/assets/../index.html", "/widget/%2e%2e/index.html", "/etc/passwd"):
        status, _, body = get(base + path)
        assert status == 404 and b"<html" not in body, (path, status)
    status, _, body = get(base + "/config.json")
    assert status == 200 and b'"demo":true' in body, body
    print("ok  and nothing else is")


def main():
    parser = argparse.ArgumentParser(description="Checks the program that holds its pages.")
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "target/debug", help="folder of the program")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parlour-install-") as folder:
        # A folder where nothing else is.
        program = shutil.copy(args.bin_dir / "parlour", folder)
        running = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", "--data", ":memory:"], cwd=folder, stdout=subprocess.PIPE, text=True
        )
        try:
            check(re.search(r"listening on (http://\S+)", running.stdout.readline()).group(1))
        finally:
            running.terminate()
            running.communicate(timeout=20)


if __name__ == "__main__":
    sys.exit(main())
