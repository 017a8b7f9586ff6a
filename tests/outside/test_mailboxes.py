# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mailbox that is not as it should be: messages that its server cannot give, and files that are too large.

The servers know IMAP from its RFCs only. Every module runs with little memory, in which it dies if it reads too much.

Promise: A forged email does no harm.
"""

from __future__ import annotations

import hashlib
import resource
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.certificates import self_signed
from tests.support.false_imap import GAPS, GappedMail
from tests.support.modules import Run, finish_module, start_module

MODULE = "ssl_fulfillment_email_info"
SECONDS = 50
"""Much more than a run takes."""
MEMORY = 480 * 1024 * 1024
"""Bytes of address space that a run may take."""
SMALLEST = 64 * 1024
"""The smallest limit to the size of messages that is taken."""
ORDER = {"id": 1, "common_name": "www.example.com", "public_key_sha256": "ab" * 32}


def limit_memory() -> None:
    """Die of what takes too much. Called in a module's process."""
    taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY, taken + MEMORY))


def collect(**options: Any) -> Run:
    """Look through a mailbox with little memory; one that hangs, or dies, fails."""
    given = {"orders": [ORDER], "max_message_bytes": SMALLEST, **options}
    return finish_module(start_module(MODULE, first=limit_memory, **given), SECONDS)


def unmatched(result: Run) -> list[tuple[str | None, str]]:
    """Subject and reason of each message that was not taken."""
    assert not result.failed, result["msg"]
    return [(each["subject"], each["reason"]) for each in result["unmatched"]]


# Messages that the server does not give


UIDS = range(1, 6)
ISSUED = {uid: self_signed(f"www{uid}.example.com") for uid in UIDS}


def order_of(uid: int) -> dict[str, Any]:
    """The order whose certificate is in a message."""
    public = ISSUED[uid].key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {"id": uid, "common_name": f"www{uid}.example.com", "public_key_sha256": hashlib.sha256(public).hexdigest()}


@pytest.mark.parametrize("name", GAPS)
def test_one_message_that_the_server_cannot_give_hides_no_other(name: str) -> None:
    letters = [b"Subject: %d\r\n\r\n" % uid + ISSUED[uid].pem.encode() for uid in UIDS]
    with GappedMail(letters, {3: GAPS[name]}) as mail:
        result = collect(imap=mail.options(timeout=2), orders=[order_of(uid) for uid in UIDS], trust="warn")
        assert not result.failed, result["msg"]
        assert [each["order_id"] for each in result["certificates"]] == [1, 2, 4, 5]
        assert [each["order_id"] for each in result["missing"]] == [3]
        [entry] = result["unmatched"]
        assert (entry["reason"], entry["folder"], entry["uid"], entry["path"]) == ("unreadable", "INBOX", 3, None)
        assert "save the certificate manually" in entry["message"] and entry["message"].endswith(".")
        assert (result["unmatched_count"], result["messages_examined"]) == (1, 5)
        assert f"Skipped: {entry['message']}" in str(result["warnings"])
        assert mail.connections <= 4


# Files


@pytest.mark.parametrize("kind", ["maildir", "paths"])
def test_a_large_file_is_passed_over(tmp_path: Path, kind: str) -> None:
    for name in ("new", "cur"):
        (tmp_path / name).mkdir()
    with (tmp_path / "new/1.eml").open("wb") as file:
        file.write(b"Subject: large\n\n")
        file.truncate(1024**3)
    (tmp_path / "new/2.eml").write_bytes(b"Subject: after\n\nx\n")
    options = {"maildir": str(tmp_path)} if kind == "maildir" else {"paths": [str(tmp_path / "new")]}
    assert unmatched(collect(**options)) == [("large", "too_large"), ("after", "no_certificate")]


def test_a_file_that_is_larger_than_it_says_is_too_large(tmp_path: Path) -> None:
    """As one that grows while it is read; the system says that these have no bytes."""
    told = unmatched(collect(paths=["/proc/self/smaps"], max_message_bytes=SMALLEST))
    assert [reason for _subject, reason in told] == ["too_large"]
