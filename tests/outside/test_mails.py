# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages as other programs write them, and files that are none: a collect reads what it can and goes on past the rest.

The messages are made with the standard library.

Promise: A forged email does no harm.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.support.certificates import self_signed
from tests.support.modules import Run, run_module

COLLECT = "ssl_fulfillment_email_info"
ISSUED = self_signed("www.example.com")


def collect(folder: Path, *others: Path) -> Run:
    """Look for the certificate in a folder, and in others or files."""
    key = folder.parent / "www.example.com.key"
    key.write_bytes(ISSUED.key_pem.encode())
    return run_module(COLLECT, paths=[str(folder), *map(str, others)], privatekey_paths=[str(key)], trust="warn")


def letter(text: str = "See the attachment.\n", **files: bytes) -> bytes:
    """A message with files; in their names, the last underscore stands for a dot."""
    message = EmailMessage()
    message["From"], message["Subject"] = "orders@ca.example", "Your order"
    message.set_content(text)
    for name, content in files.items():
        message.add_attachment(content, "application", "octet-stream", filename=".".join(name.rsplit("_", 1)))
    return message.as_bytes()


@pytest.fixture
def mails(tmp_path: Path) -> Iterator[Path]:
    """A folder for messages."""
    folder = tmp_path / "mails"
    folder.mkdir()
    yield folder
    subprocess.run(["rm", "-rf", folder], check=True)  # a thousand folders deep is too much for Python


# Files that stop nothing


def _loop(folder: Path) -> None:
    (folder / "loop.eml").symlink_to("loop.eml")


def _nothing_behind(folder: Path) -> None:
    (folder / "gone.eml").symlink_to("nothing")


def _unreadable(folder: Path) -> None:
    (folder / "failing.eml").symlink_to("/proc/self/mem")  # a plain file that gives an input/output error


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.eml")


def _socket(folder: Path) -> None:
    here = os.getcwd()
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(folder)  # paths of sockets are short
        try:
            server.bind("socket.eml")
        finally:
            os.chdir(here)


def _device(folder: Path) -> None:
    (folder / "zero.eml").symlink_to("/dev/zero")


def _link_to_itself(folder: Path) -> None:
    (folder / "folder").symlink_to(".")
    (folder / "folder.eml").symlink_to(".")


def _deep(folder: Path, name: str) -> None:
    here = os.getcwd()
    try:
        os.chdir(folder)
        for _level in range(1_000):
            os.mkdir(name)
            os.chdir(name)
        Path("deep.eml").write_bytes(letter())
    finally:
        os.chdir(here)


PASSED_OVER = (_loop, _unreadable, _pipe, _socket, _device, _link_to_itself)
"""What makes files that cannot be read, each of which is named in a warning."""


def test_a_collect_goes_on_past_what_it_cannot_read(mails: Path) -> None:
    """The README's promise: what cannot be read is passed over with a warning, and the others are read."""
    for make in PASSED_OVER:
        make(mails)
    names = {path.name for path in mails.glob("*.eml")}
    _nothing_behind(mails)
    for name in ("d", "folder-of-folders"):
        (mails / name).mkdir()
        _deep(mails / name, name)
    (mails / "z").mkdir()
    (mails / "z" / "a.eml").write_bytes(letter(www_crt=ISSUED.pem.encode()))
    result = collect(mails)
    assert len(result["certificates"]) == 1
    told = json.dumps(result["warnings"])
    unmatched = [Path(entry["path"]).name for entry in result["unmatched"] if entry["reason"] == "unreadable"]
    assert {name for name in unmatched if name.endswith(".eml")} == names
    assert result["unmatched_count"] == len(result["unmatched"])
    assert "gone.eml" not in told and {name for name in names if f"/{name}" in told} == names, told
    assert "folder-of-folders" in told, "a path that is too long"


def test_warnings_are_few_however_much_cannot_be_read(mails: Path) -> None:
    for number in range(300):
        (mails / f"{number}.eml").symlink_to(f"{number}.eml")
    (mails / "z.eml").write_bytes(letter(www_crt=ISSUED.pem.encode()))
    result = collect(mails)
    assert len(result["certificates"]) == 1
    assert 1 < len(result["warnings"]) <= 12  # one of them says that the certificate is not trusted
    assert ": 290" in json.dumps(result["warnings"])


# What is named and is no plain file


@pytest.mark.parametrize("option", ["paths", "privatekey_paths", "csr_paths"])
def test_a_collect_refuses_what_is_named_and_no_plain_file(tmp_path: Path, mails: Path, option: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "www.key").write_bytes(ISSUED.key_pem.encode())
    options: dict[str, object] = {"paths": [str(mails)], "privatekey_paths": [str(tmp_path / "www.key")]}
    options[option] = [str(tmp_path / "pipe")]
    run = run_module(COLLECT, **options)
    assert run.failed and "leads to a pipe, device, or socket, not to a regular file" in run["msg"]
