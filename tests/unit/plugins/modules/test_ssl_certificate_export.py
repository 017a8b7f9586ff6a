# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_certificate_export as Ansible runs it: files, what is read for them, and what is refused or goes wrong."""

from __future__ import annotations

import json
import os
import stat
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.files import PrivateFolder
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.simulator.client import Simulator
from tests.support.certificates import PASSPHRASE, Issued, leaks, self_signed
from tests.support.deploying import issue, store
from tests.support.modules import Run, options_for, run_module

pytest_plugins = ["tests.support.deploying"]

MODULE = "ssl_certificate_export"
LISTING, READ = "getSecurityCertificates", "getObject"
WWW, SHOP = "www.example.com", "shop.example.com"
EVERYTHING = {"all": True}


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "dest"


def checked(run: Run) -> Run:
    """A run; checks what holds of each."""
    assert "Traceback" not in run.output and "PRIVATE KEY" not in run.output and PASSPHRASE not in run.output
    assert not leaks(run.output)
    if "certificates" in run:
        counts = [run[f"{outcome}_count"] for outcome in ("exported", "unchanged", "failed")]
        assert sum(counts) == len(run["certificates"])
        assert (run["changed"], run.failed) == (counts[0] > 0, counts[2] > 0)
    return run


def export(sim: Simulator, dest: Path, **options: Any) -> Run:
    """Run the module; `calls` tells what it called."""
    sim.clear_calls()
    return checked(run_module(MODULE, **options_for(sim, "rest"), dest=str(dest), **(options or EVERYTHING)))


def calls(sim: Simulator) -> list[str]:
    return [call["method"] for call in sim.calls()]


def told(run: Run) -> dict[Any, tuple[str, str | None]]:
    return run.outcomes("certificates", "id")


def files(dest: Path) -> dict[str, str]:
    return {path.name: path.read_text("ascii") for path in dest.iterdir()}


def written(name: str, issued: Issued) -> dict[str, str]:
    """The files of a certificate."""
    whole = {".crt": issued.pem + issued.chain_pem, ".ca-bundle": issued.chain_pem, ".key": issued.key_pem}
    return {name + ending: text for ending, text in whole.items() if text}


def test_a_store_is_written_once(account: Simulator, dest: Path) -> None:
    www, star, alone = issue(), issue("*.example.com", "ec"), self_signed("Alone.example.com")
    ids = [store(account, one) for one in (www, star)] + [store(account, alone, intermediateCertificate="")]
    first = export(account, dest, diff=True, all=True, concurrency=2)
    assert told(first) == dict.fromkeys(ids, ("exported", None))
    assert calls(account) == [LISTING, READ, READ, READ] and first["api_calls"] == 4
    assert files(dest) == written(WWW, www) | written("_.example.com", star) | written("alone.example.com", alone)
    assert {stat.S_IMODE(path.stat().st_mode) for path in dest.iterdir()} == {0o600}
    assert stat.S_IMODE(dest.stat().st_mode) == 0o700
    assert first["certificates"][0]["paths"] == {
        "certificate_path": f"{dest}/{WWW}.crt",
        "intermediate_path": f"{dest}/{WWW}.ca-bundle",
        "privatekey_path": f"{dest}/{WWW}.key",
    }
    shown = [one["after"]["fingerprint_sha256"] for one in first["diff"]]
    assert shown == [one.fingerprint for one in (www, star, alone)]
    stamps = {path: path.stat().st_mtime_ns for path in dest.iterdir()}
    again = export(account, dest, diff=True, all=True)
    assert told(again) == dict.fromkeys(ids, ("unchanged", None)) and not again["diff"]
    assert calls(account) == [LISTING]
    assert stamps == {path: path.stat().st_mtime_ns for path in dest.iterdir()}


def test_check_mode_foresees_it_and_makes_nothing(account: Simulator, dest: Path) -> None:
    store(account, issue())
    planned = export(account, dest, check=True, diff=True, all=True)
    assert calls(account) == [LISTING] and not dest.exists()
    made = export(account, dest, all=True)
    [before], [after] = planned["certificates"], made["certificates"]
    assert before.pop("message") == "Would be exported: private key, intermediate certificates, certificate."
    assert after.pop("message") == "Exported: private key, intermediate certificates, certificate."
    assert before == after
    [shown] = planned["diff"]
    assert (shown["before"], shown["after"]["state"][:18]) == ({}, "To be exported: pr")


def test_what_changed_is_written_and_a_key_that_fits_is_not_read(account: Simulator, dest: Path) -> None:
    old, renewed = issue(), issue(key="ec")
    id = store(account, old)
    export(account, dest)
    (dest / f"{WWW}.crt").write_text(old.pem, "ascii")
    run = export(account, dest)
    assert run["certificates"][0]["message"] == "Exported: certificate." and calls(account) == [LISTING]
    account.patch_certificate(id, certificate=renewed.pem, privateKey=renewed.key_pem)
    run = export(account, dest, diff=True, all=True)
    assert told(run) == {id: ("exported", None)} and files(dest) == written(WWW, renewed)
    assert run["diff"][0]["before"]["fingerprint_sha256"] == old.fingerprint


def test_two_of_one_name_have_their_ids_and_a_former_name_is_noticed(account: Simulator, dest: Path) -> None:
    first = store(account, issue())
    assert "warnings" not in export(account, dest)
    second = store(account, issue(key="ec", days=(-90, -1)))
    run = export(account, dest, certificate_ids=[first])
    assert (dest / f"{WWW}+{first}.key").exists() and not (dest / f"{WWW}+{second}.key").exists()
    assert f"{dest}/{WWW}.key is a leftover file" in str(run["warnings"])


def test_each_failure_has_its_reason_and_stops_no_other(account: Simulator, dest: Path) -> None:
    ids = {name: store(account, issue(f"{name}.example.com")) for name in ("mismatch", "linked", "fine")}
    account.patch_certificate(ids["mismatch"], privateKey=issue(key="ec").key_pem)
    dest.mkdir(0o700)
    (dest / "linked.example.com.key").symlink_to("/dev/null")
    run = export(account, dest, certificate_ids=[*ids.values(), 99])
    assert told(run) == {
        ids["mismatch"]: ("failed", "key_mismatch"),
        ids["linked"]: ("failed", "unsafe_file"),
        ids["fine"]: ("exported", None),
        99: ("failed", "not_found"),
    }
    assert (run.code, len(run["failure"]["details"]["certificates"])) == ("certificates_failed", 3)
    assert "3 of 4 certificates could not be exported" in run["msg"]
    assert {path.name for path in dest.glob("[!l]*")} == {
        f"fine.example.com{end}" for end in (".crt", ".ca-bundle", ".key")
    }
    assert os.readlink(dest / "linked.example.com.key") == "/dev/null"


def test_a_user_who_may_only_view_gets_a_message(account: Simulator, dest: Path) -> None:
    id = store(account, issue())
    login = {"username": account.viewer_username, "api_key": account.viewer_api_key}
    run = checked(run_module(MODULE, **{**options_for(account), **login}, dest=str(dest), all=True))
    assert told(run) == {id: ("failed", "no_permission")} and not dest.exists()
    assert run["certificates"][0]["common_name"] == WWW and READ not in calls(account)


def replace_folder_at_the_end(dest: Path) -> None:
    """Have the folder replaced when something was written to it."""
    write = PrivateFolder.write

    def replacing(folder: PrivateFolder, contents: Any) -> None:
        write(folder, contents)
        dest.rename(dest.with_name("moved"))
        dest.mkdir(0o700)

    PrivateFolder.write = replacing  # type: ignore[method-assign]


def test_a_folder_that_is_replaced_during_the_run_fails_it(account: Simulator, dest: Path) -> None:
    id = store(account, issue())
    first = partial(replace_folder_at_the_end, dest)
    run = run_module(MODULE, first=first, **options_for(account, "rest"), dest=str(dest), all=True)
    assert (run.code, run["changed"], told(run)) == ("insecure_folder", True, {id: ("failed", "not_written")})
    assert "the new files are in the original directory" in run["msg"] and run["certificates"][0]["paths"] is None


def test_a_folder_that_others_can_replace_is_refused_before_anything_is_read(
    account: Simulator, tmp_path: Path
) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    run = export(account, tmp_path / "shared/dest")
    assert run.code == "insecure_folder" and calls(account) == [] and os.listdir(tmp_path / "shared") == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "one of the following is required"),
        ({"all": True, "certificate_ids": [1]}, "mutually exclusive"),
        ({"all": False}, "all: false selects no certificate"),
        ({"all": True, "passphrase": ""}, "passphrase must have from 1 to 1023 bytes"),
        ({"all": True, "passphrase": "\u00e9" * 512}, "passphrase must have from 1 to 1023 bytes"),
        ({"certificate_ids": [0]}, "certificate_ids has invalid values: 0."),
        ({"all": True, "dest": " "}, "dest must not be empty. Set dest to a directory."),
        ({"all": True, "dest": "$NO_SUCH_NAME/here"}, "a name that is not expanded"),
        ({"all": True, "dest": "/proc/self/cwd/here"}, "depends on the current directory"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_makes_no_sense_is_refused(sim: Simulator, dest: Path, options: dict[str, Any], said: str) -> None:
    run = checked(run_module(MODULE, **options_for(sim), **{"dest": str(dest), **options}))
    assert run.code == "invalid_argument" and said in run["msg"] and not dest.exists()


def test_what_it_wrote_fills_an_empty_account_with_the_same_certificates(
    account: Simulator, tmp_path: Path, roots: Path
) -> None:
    made = [issue(), issue(key="ec"), issue("*.example.com", "ec"), issue(None, names=[SHOP, "alt.example.com"])]
    ids = [store(account, one) for one in made]
    dest = tmp_path / "dest"
    assert told(export(account, dest, all=True, passphrase=PASSPHRASE)) == dict.fromkeys(ids, ("exported", None))
    assert all(b"ENCRYPTED" in path.read_bytes() for path in dest.glob("*.key"))
    assert not export(account, dest, all=True, passphrase=PASSPHRASE)["changed"]
    with Simulator.start(fleet="empty") as other:
        options = {"sources": [{"folder": str(dest)}], "phases": ["import"], "trusted_ca_path": str(roots)}
        ledger = {"privatekey_passphrase": PASSPHRASE, "ledger_url": f"sqlite:///{tmp_path}/ledger"}
        given = {**options, **ledger, "import_new": True, "fail_on": []}
        run = run_module("ssl_certificate_rotate", **options_for(other, "rest"), **given)
        assert not run.failed, json.dumps(run.result)[:2000]
        assert held_by(account) == held_by(other) and len(held_by(other)) == len(made)


def held_by(sim: Simulator) -> dict[tuple[bytes, ...], tuple[bytes, ...]]:
    """The chain of each certificate in an account's store."""
    return {prints(row["certificate"]): prints(row["intermediateCertificate"]) for row in sim.certificates()}


def prints(pem: str | None) -> tuple[bytes, ...]:
    """The certificates in a text, in a form that can be compared."""
    if not pem:
        return ()
    return tuple(one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(pem.encode()))
