# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and certificates that are damaged, unusual or made to harm: each fails alone, in a sentence, and nothing reaches the terminal.

Promise: A forged email does no harm.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from tests.outside.pki import NAME, Ca, key_pem, named, new_key, pem
from tests.outside.playing import play
from tests.outside.stranger import Stranger
from tests.support.modules import Run, run_module

PASSPHRASE = "correct horse"
KEY = new_key()
CERTIFICATE = Ca("Real CA").issue(KEY)
OPENSSL = shutil.which("openssl")
BAD_CHARACTERS = ("\x1b[31mred", "bell\x07", "null\x00", "csi\x9b31m", "\ufffe")


@pytest.fixture
def api() -> Iterator[Stranger]:
    """A certificate store."""
    with Stranger().serving() as served:
        yield served


def encrypted() -> str:
    """The key in the traditional container, encrypted with AES."""
    encryption = BestAvailableEncryption(PASSPHRASE.encode())
    return KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, encryption).decode()


def with_vector(text: str, vector: str) -> str:
    """The same with another initialisation vector in its header."""
    changed, count = re.subn(r"(DEK-Info: [^,]+,)\w+", rf"\g<1>{vector}", text)
    assert count == 1
    return changed


def item(private_key: str, certificate: str = pem(CERTIFICATE), **others: Any) -> dict[str, Any]:
    """A certificate to import."""
    return {"certificate_content": certificate, "privatekey_content": private_key, "trust": "ignore", **others}


def one(api: Stranger, private_key: str, certificate: str = pem(CERTIFICATE), **others: Any) -> Run:
    """A run that imports one."""
    return run_module("ssl_certificate_import", diff=True, **api.options, **item(private_key, certificate, **others))


@pytest.mark.parametrize("vector", ["", "AB", "00112233445566", "0011223344556677", "00" * 15, "00" * 17, "00" * 40])
def test_a_damaged_key_fails_alone(api: Stranger, vector: str) -> None:
    keys = [new_key(), new_key()]
    good = [item(key_pem(key), pem(Ca("Real CA").issue(key))) for key in keys]
    damaged = item(with_vector(encrypted(), vector), privatekey_passphrase=PASSPHRASE)
    run = run_module("ssl_certificate_import", certificates=[good[0], damaged, good[1]], **api.options)
    assert [entry["outcome"] for entry in run["certificates"]] == ["imported", "failed", "imported"]
    assert run["certificates"][1]["reason"] in {"invalid_pem", "bad_passphrase"}
    assert len(api.store) == 2


def test_a_damaged_key_in_the_filter_ends_no_worker(tmp_path: Path) -> None:
    given = {"key": with_vector(encrypted(), "0011223344556677"), "certificate": pem(CERTIFICATE), "good": key_pem(KEY)}
    (tmp_path / "given.json").write_text(json.dumps(given), encoding="utf-8")
    ran = play(
        tmp_path,
        """
        - hosts: localhost
          gather_facts: false
          tasks:
            - assert: {that: "certificate is defined and (certificate | softlayer.certificates.key_matches(key, 'correct horse'))"}
              register: damaged
              ignore_errors: true
            - assert: {that: [damaged is failed, "certificate | softlayer.certificates.key_matches(good)"]}
        """,
        *("-e", "@given.json"),
    )
    assert ran.code == 0, ran.output
    assert "key_matches: " in ran.output and "damaged" in ran.output
    assert "PanicException" not in ran.output and "dead state" not in ran.output


TRADITIONAL = ("AES-192-CBC", "CAMELLIA-128-CBC", "CAMELLIA-256-CBC", "ARIA-256-CBC", "DES-CBC", "SEED-CBC")


@pytest.mark.parametrize("cipher", TRADITIONAL)
def test_a_traditional_key_with_an_unusual_cipher(api: Stranger, cipher: str) -> None:
    """Its body need not be decrypted for the cipher to be named."""
    length = 16 if cipher.startswith("DES") else 32
    header = re.sub(r"DEK-Info: .*", f"DEK-Info: {cipher},{'0123456789ABCDEF' * (length // 16)}", encrypted())
    run = one(api, header, privatekey_passphrase=PASSPHRASE)
    if run["certificate"]["reason"] == "bad_passphrase":
        pytest.skip("this version of the library knows the cipher")
    assert run.code == "invalid_pem"
    assert cipher in run["msg"] and "openssl pkey -aes256" in run["msg"]


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl")
@pytest.mark.parametrize(
    "options",
    [
        ["-v2", "aes-192-cbc"],
        ["-v2", "camellia-256-cbc"],
        ["-v2", "aria-256-cbc"],
        ["-v2", "aes-256-cfb"],
        ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512-256"],
        ["-scrypt"],
        ["-v1", "PBE-SHA1-3DES"],
    ],
    ids="-".join,
)
def test_a_key_that_openssl_encrypted(api: Stranger, tmp_path: Path, options: list[str]) -> None:
    plain, closed = tmp_path / "plain.key", tmp_path / "closed.key"
    plain.write_text(key_pem(KEY), encoding="ascii")
    command = [str(OPENSSL), "pkcs8", "-topk8", "-in", str(plain), "-out", str(closed), *options]
    made = subprocess.run([*command, "-passout", f"pass:{PASSPHRASE}"], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"this openssl does not: {made.stderr}")
    right = one(api, closed.read_text(encoding="ascii"), privatekey_passphrase=PASSPHRASE)
    if right.failed:
        assert right.code == "invalid_pem"
        assert "is encrypted with" in right["msg"] and "openssl pkey -aes256" in right["msg"]
    else:
        assert one(api, closed.read_text(encoding="ascii"), privatekey_passphrase="wrong").code == "bad_passphrase"
    assert one(api, closed.read_text(encoding="ascii")).code == "bad_passphrase"


# Keys for SSH


SSH_KEYGEN = shutil.which("ssh-keygen")
PUTTY = """PuTTY-User-Key-File-3: ecdsa-sha2-nistp256
Encryption: none
Comment: www
Public-Lines: 1
AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=
Private-Lines: 1
{0}
Private-MAC: 4f6b
"""


def openssh() -> str:
    """The key in OpenSSH's form."""
    return KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def assert_says_nothing_of(private_key: str, run: Run) -> None:
    """None of the lines of a key is in what a run says."""
    said = json.dumps(run.result)
    assert not [line for line in private_key.splitlines() if len(line) > 30 and "BEGIN" not in line and line in said]


@pytest.mark.parametrize("private_key", [openssh(), openssh().replace("\n", "\r\n")], ids=["lf", "crlf"])
def test_how_to_convert_a_key_of_openssh(api: Stranger, tmp_path: Path, private_key: str) -> None:
    run = one(api, private_key)
    assert (run.code, api.store) == ("invalid_pem", {})
    assert "`ssh-keygen -p -m PEM -f COPY`" in run["msg"]
    assert_says_nothing_of(private_key, run)
    if SSH_KEYGEN is None:
        pytest.skip("there is no ssh-keygen")
    copy = tmp_path / "copy.key"
    copy.touch(0o600)
    copy.write_text(openssh(), encoding="ascii")
    subprocess.run([SSH_KEYGEN, "-q", "-p", "-m", "PEM", "-N", "", "-f", str(copy)], check=True, capture_output=True)
    assert not one(api, copy.read_text(encoding="ascii")).failed


def test_how_to_convert_a_key_of_putty(api: Stranger, tmp_path: Path) -> None:
    private_key = PUTTY.format("AAAAIQDx" + "9" * 60)
    run = one(api, private_key)
    assert run.code == "invalid_pem" and "`puttygen KEY -O private-openssh -o NEW`" in run["msg"]
    assert_says_nothing_of(private_key, run)
    path = tmp_path / "www.ppk"
    path.write_text(private_key, encoding="ascii")
    looked = run_module("ssl_fulfillment_email_info", paths=[], privatekey_paths=[str(path)])
    assert looked.code == "invalid_pem" and "puttygen" in looked["msg"] and str(path) in looked["msg"]
    assert_says_nothing_of(private_key, looked)


# Control characters


@pytest.mark.parametrize("where", ["common name", "organization"])
@pytest.mark.parametrize("text", BAD_CHARACTERS, ids=ascii)
def test_control_characters_are_neither_stored_nor_printed(api: Stranger, where: str, text: str) -> None:
    subject = named(text) if where == "common name" else named(NAME, text)
    run = one(api, key_pem(KEY), pem(Ca("Real CA").issue(KEY, subject=subject)))
    if text == "csi\x9b31m":  # XML can carry it, terminals must not see it
        assert not run.failed
    else:
        assert run.code == "refused" and "control characters" in run["msg"]
        assert api.store == {}
    assert_printable(run)


def test_control_characters_in_issuers_and_alternative_names(api: Stranger) -> None:
    stranger = Ca("stranger\x1b]0;owned\x07").certificate
    authority = Ca("auth\x1b[2Jority")
    run = one(api, key_pem(KEY), pem(authority.issue(KEY), stranger, authority.certificate), trust="warn")
    assert not run.failed
    assert "Left out" in str(run["warnings"]) and "Not trusted" in str(run["warnings"])
    assert_printable(run)


def assert_printable(run: Run) -> None:
    """Nothing in a result, warning or diff steers a terminal."""

    def strings(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for name, each in value.items():
                yield from strings(name)
                yield from strings(each)
        elif isinstance(value, list):
            for each in value:
                yield from strings(each)
        elif isinstance(value, str):
            yield value

    result = {name: value for name, value in run.result.items() if name != "invocation"}
    odd = [text for text in strings(result) if re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)]
    assert odd == []
