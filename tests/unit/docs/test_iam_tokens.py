# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts of the guide about IAM tokens, with stand-ins for IBM's metadata service and the CLI of IBM Cloud.

The stand-ins take what IBM's documentation and the token manager of `ibm_cloud_sdk_core` for virtual servers say, and nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support import servers
from tests.support.pages import ROOT, blocks_below

GUIDE = ROOT / "docs/docsite/rst/guide_iam_tokens.rst"
SERVICE = "http://api.metadata.cloud.ibm.com"
IDENTITY, TOKEN = "identity.of.the-server", "eyJraWQiOiIxIn0.e30.c2ln"
CLI = """#!/bin/sh
case "$*" in
    "login --vpc-cri --no-region" | "login --no-region") echo OK ;;
    "iam oauth-tokens --output json") echo '{"iam_token": "Bearer eyJraWQiOiIxIn0.e30.c2ln"}' ;;
    *) echo "no such command" >&2; exit 1 ;;
esac
"""

pytestmark = pytest.mark.skipif(
    not (servers.find("curl") and servers.find("jq")), reason="no curl or no jq: install the system's packages"
)


@dataclass
class Metadata:
    """The metadata service of a virtual server."""

    url: str
    refuses: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def metadata() -> Iterator[Metadata]:
    """A service that gives an identity token, and for it an IAM token."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self, login: str | None, token: str) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            url = urlsplit(self.path)
            service.asked.append(url.path)
            is_right = self.headers["Metadata-Flavor"] == "ibm" and url.query == "version=2025-08-26"
            if not is_right or self.headers["Authorization"] != login or url.path in service.refuses:
                self.send_error(401)
                return
            body = json.dumps({"access_token": token, "expires_in": 300}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_PUT(self) -> None:
            assert urlsplit(self.path).path == "/identity/v1/token"
            self.answer(None, IDENTITY)

        def do_POST(self) -> None:
            assert urlsplit(self.path).path == "/identity/v1/iam_tokens"
            self.answer(f"Bearer {IDENTITY}", TOKEN)

        def log_message(self, *_args: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service = Metadata(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield service
    server.shutdown()
    server.server_close()
    thread.join()


def script(heading: str, mark: str) -> str:
    """The only script below a heading that contains a text."""
    [found] = [block for block in blocks_below(GUIDE, heading, "sh") if mark in block]
    return found


def run(text: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script with the CLI on its path."""
    program = folder / "ibmcloud"
    program.write_text(CLI, encoding="ascii")
    program.chmod(0o755)
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    return subprocess.run(
        ["sh", "-c", text],
        env={"PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def in_the_file(metadata: Metadata, folder: Path) -> subprocess.CompletedProcess[str]:
    """Read the file `credentials` as the script of the scheduled runs does, and print the environment that it leaves."""
    text = script("On a virtual server of IBM Cloud VPC", "# credentials")
    assert SERVICE in text
    (folder / "credentials").write_text(text.replace(SERVICE, metadata.url), encoding="utf-8")
    return run(f"set -eu\nset -a\n. {folder}/credentials\nset +a\nexec env", folder)


def test_a_file_that_requests_a_token_for_each_run(metadata: Metadata, tmp_path: Path) -> None:
    done = in_the_file(metadata, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"IBMCLOUD_IAM_TOKEN={TOKEN}\n" in done.stdout and IDENTITY not in done.stdout
    assert "SOFTLAYER_CERTIFICATES_TRANSPORT=rest\n" in done.stdout
    assert metadata.asked == ["/identity/v1/token", "/identity/v1/iam_tokens"]


@pytest.mark.parametrize("refused", ["/identity/v1/token", "/identity/v1/iam_tokens"])
def test_without_a_token_no_run_begins(metadata: Metadata, tmp_path: Path, refused: str) -> None:
    metadata.refuses.add(refused)
    done = in_the_file(metadata, tmp_path)
    assert done.returncode and not done.stdout and "401" in done.stderr
    assert metadata.asked[-1] == refused


def test_the_cli(tmp_path: Path) -> None:
    text = script("On a virtual server of IBM Cloud VPC", "ibmcloud login")
    done = run(f"set -e\n{text}\nprintenv IBMCLOUD_IAM_TOKEN", tmp_path)
    assert (done.returncode, done.stdout) == (0, f"OK\nBearer {TOKEN}\n"), done.stderr


def test_a_step_of_github_actions(tmp_path: Path) -> None:
    """What it prints are commands of GitHub, which hides the token from then on."""
    handed_on = tmp_path / "environment"
    text = script("In GitHub Actions", "GITHUB_ENV")
    done = run(f"set -e\n{text}", tmp_path, GITHUB_ENV=str(handed_on), IBMCLOUD_API_KEY="k")
    assert done.stdout == f"OK\n::add-mask::Bearer {TOKEN}\n::add-mask::{TOKEN}\n", done.stderr
    transport = "SOFTLAYER_CERTIFICATES_TRANSPORT=rest\n"
    assert handed_on.read_text(encoding="utf-8") == f"IBMCLOUD_IAM_TOKEN=Bearer {TOKEN}\n{transport}"
