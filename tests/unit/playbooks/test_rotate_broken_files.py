# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook `rotate` among files that are broken in every way: each ends in a reason, and all others are rotated."""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.simulator.client import Simulator
from tests.support.balanced import UPDATE, account, balanced, balancer, have, store
from tests.support.certificates import Issued, new_key
from tests.support.messages import mail, text_part
from tests.unit.playbooks.test_rotate import CREATE, changes, keep, renewed, rotate

__all__ = ["account", "balanced"]

TOO_LARGE = 10 * 1024 * 1024 + 1
NAMES = ("www.example.com", "api.example.com", "shop.example.com", "blog.example.com", "mail.example.com")
Break = Callable[[Path, str], None]
"""Puts something where a file with a text should be."""


def half(path: Path, text: str) -> None:
    """As while it is written."""
    path.write_text(text[: len(text) // 2], encoding="utf-8")


def empty(path: Path, _text: str) -> None:
    """Of no length, as after a crash."""
    path.touch()


def noise(path: Path, _text: str) -> None:
    """No text, and no certificate."""
    path.write_bytes(bytes(range(256)))


def huge(path: Path, text: str) -> None:
    """Longer than any certificate, though it begins with one."""
    path.write_text(text, encoding="utf-8")
    os.truncate(path, TOO_LARGE)


def pipe(path: Path, _text: str) -> None:
    """Nobody writes into it, so that who reads it waits for ever."""
    os.mkfifo(path)


def folder(path: Path, _text: str) -> None:
    """A folder of the name of a file."""
    path.mkdir()


def device(path: Path, _text: str) -> None:
    """Who reads it never comes to an end."""
    path.symlink_to("/dev/zero")


def listener(path: Path, _text: str) -> None:
    """A socket, which stays when its process has ended."""
    before = Path.cwd()
    with socket.socket(socket.AF_UNIX) as one:
        os.chdir(path.parent)  # the paths of sockets must be short
        one.bind(path.name)
        os.chdir(before)


def loop(path: Path, _text: str) -> None:
    """Two links to each other."""
    other = path.with_name(f"{path.name}.other")
    path.symlink_to(other)
    other.symlink_to(path)


def nowhere(path: Path, _text: str) -> None:
    """A link to what is gone."""
    path.symlink_to(path.with_name("gone"))


def damaged(path: Path, _text: str) -> None:
    """What the system refuses to read, whoever asks."""
    path.symlink_to("/proc/self/mem")


BREAKS: dict[Break, str] = {
    half: "malformed",
    empty: "malformed",
    noise: "malformed",
    huge: "too_large",
    pipe: "not_a_file",
    folder: "not_a_file",
    device: "not_a_file",
    listener: "not_a_file",
    loop: "broken_link",
    nowhere: "broken_link",
    damaged: "unreadable",
}
CLIENTS = ("folder", "certbot", "lego", "acme_sh")
PARTS = ("certificate", "key")


def place(client: str, top: Path, name: str) -> dict[str, Path]:
    """Where a client keeps the parts of a certificate; their folder is made."""
    where = {
        "folder": (top, f"{name}.crt", f"{name}.ca-bundle", f"{name}.key"),
        "certbot": (top / "live" / name, "cert.pem", "chain.pem", "privkey.pem"),
        "lego": (top / "certificates", f"{name}.crt", f"{name}.issuer.crt", f"{name}.key"),
        "acme_sh": (top / name, f"{name}.cer", "ca.cer", f"{name}.key"),
    }[client]
    home, *files = where
    home.mkdir(parents=True, exist_ok=True)
    return {part: home / file for part, file in zip(("certificate", "chain", "key"), files, strict=True)}


def put(client: str, top: Path, name: str, issued: Issued, broken: dict[str, Break]) -> None:
    """Keep a certificate as a client does, with some parts broken."""
    texts = {"certificate": issued.pem, "chain": issued.chain_pem, "key": issued.key_pem}
    for part, path in place(client, top, name).items():
        if part in broken:
            broken[part](path, texts[part])
        else:
            path.write_text(texts[part], encoding="utf-8")


def test_each_broken_file_has_its_reason_and_all_others_are_rotated(account: Simulator, tmp_path: Path) -> None:
    """Of all clients at once, with what is sound beside what is not."""
    for number, name in enumerate(NAMES):
        balancer(account, f"b{number}", p443=store(account, name, is_old=True))
    expected = [("mail", breaks.__name__, reason) for breaks, reason in BREAKS.items()]
    for client, name in zip(CLIENTS, NAMES, strict=False):
        top = tmp_path / client
        put(client, top, "sound", renewed(name), {})
        for part in PARTS:
            for breaks, reason in BREAKS.items():
                entry = f"{breaks.__name__}-{part}"
                put(client, top, entry, renewed("lost.example.com", key=new_key()), {part: breaks})
                expected.append((client, entry, reason))
    letters, keys, sent = tmp_path / "letters", tmp_path / "csr", renewed(NAMES[-1])
    keep(keys, "mail", sent, ".key")
    letters.mkdir()
    (letters / "1.eml").write_bytes(mail(text_part(sent.pem + sent.chain_pem)))
    for breaks in BREAKS:
        breaks(keys / f"{breaks.__name__}.key", sent.key_pem)
        breaks(letters / f"{breaks.__name__}.eml", "Subject: certificate\n")
    sources = [{client: str(tmp_path / client)} for client in CLIENTS]
    told = rotate(
        account, tmp_path, sources=[*sources, {"mail": {"paths": [str(letters)]}, "privatekey_dir": str(keys)}]
    )
    assert told.ran.code == 0, told.ran.output
    found = sorted((one["source"], one["name"], one["reason"]) for one in told.result["skipped"])
    assert found == sorted(expected)
    assert all(one["message"].endswith(".") for one in told.result["skipped"])
    assert changes(told) == Counter({CREATE: len(NAMES), UPDATE: len(NAMES)})
    new = {one["id"] for one in told.result["imported"]}
    assert len(new) == len(NAMES) and set(have(account).values()) == new
