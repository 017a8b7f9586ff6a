# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a role cannot begin."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.filter import _why_refused as plugin

why_refused = plugin.FilterModule().filters()["_why_refused"]
FULFILLMENT: dict[str, Any] = {
    **dict.fromkeys(("playbook_phases", "mail", "hosts", "certificate_dir", "privatekey_dir", "report_path")),
    **{"phases": ["request"], "wait_timeout": 900, "trusted_ca_path": None, "intermediate_path": None},
}
NEEDS: dict[str, Any] = {"phases": ["verify"], "report_path": None, "metrics_path": None}


def refused(defined: list[str] | None = None, unread: str | None = None, **needs: Any) -> str:
    """Why the role `ssl_rotation` cannot begin."""
    reason: str = why_refused(defined or [], "ssl_rotation", unread, {**NEEDS, **needs})
    return reason


def test_nothing_is_wrong(tmp_path: Path) -> None:
    assert refused(["ssl_rotation_sources", "ssl_rotation_result"]) == ""
    assert refused(report_path=str(tmp_path / "r.html"), metrics_path=str(tmp_path / "m.prom")) == ""


def test_variables_that_the_role_does_not_know() -> None:
    said = refused(["ssl_rotation_max_listener", "ssl-rotation-sources", "ssl_rotation_phases"])
    assert said.startswith("The role ssl_rotation does not know ssl-rotation-sources, ssl_rotation_max_listener. Is ")
    assert "ssl_rotation_max_listeners" in said and "`ansible-doc --type role" in said
    assert " meant?" not in refused(["ssl_rotation_something_else"])


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("ssl_fulfillment", ("ssl_fulfilment_max_orders", "ssl_fullfillment_max_orders", "ssl-fulfillments-x")),
        ("ssl_rotation", ("SSL_ROTATION_SOURCES", "sslrotation_sources", "ssl_rotations_sources")),
    ],
)
def test_the_roles_look_at_names_that_begin_almost_like_theirs(role: str, names: tuple[str, ...]) -> None:
    tasks = (Path(plugin.__file__).parents[2] / f"roles/{role}/tasks/main.yml").read_text(encoding="utf-8")
    [pattern] = re.findall(r"varnames', '(.+)'\)", tasks)
    assert [name for name in (f"{role}_phases", *names) if not re.search(pattern, name)] == []
    assert not re.search(pattern, f"__{role}_phases")


def test_variables_that_are_those_of_the_other_role() -> None:
    said = why_refused(["ssl_fulfillment_rollback"], "ssl_fulfillment", None, FULFILLMENT)
    assert "does not know ssl_fulfillment_rollback. The role ssl_rotation has ssl_rotation_rollback." in said
    assert "Is ssl_rotation_sources meant?" in refused(["SSL_ROTATION_SOURCES"])


def test_a_key_in_place_of_a_path_is_not_shown() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----"
    needs = {**FULFILLMENT, "phases": ["import"], "certificate_dir": "/", "privatekey_dir": key}
    said = why_refused([], "ssl_fulfillment", None, needs)
    assert "(ssl_fulfillment_privatekey_dir)" in said and "MIIE" not in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("trusted_ca_path", "ssl_fulfillment_trusted_ca_path"),
        ("intermediate_path", "ssl_fulfillment_intermediate_path"),
    ],
)
def test_certificates_that_cannot_be_read(tmp_path: Path, name: str, said: str) -> None:
    """An email that was sent for nothing cannot be sent again soon."""
    file = tmp_path / "issuers.pem"
    file.write_text("no certificate")
    of_mail = {**FULFILLMENT, "phases": ["request", "collect"], "mail": {"paths": [str(tmp_path)]}}
    for path in (file, tmp_path / "gone"):
        assert why_refused([], "ssl_fulfillment", None, {**of_mail, name: str(path)}).startswith(said)
    for phases in (["request"], ["collect"]):
        assert why_refused([], "ssl_fulfillment", None, {**of_mail, "phases": phases, name: str(file)}) == ""


def test_what_ansible_could_not_read_comes_first() -> None:
    said = refused(["ssl_rotation_max_listener"], "b]")
    assert said == (
        'Ansible could make no variable of "b]", so nothing was done. Write -e @FILE for a file, '
        "-e NAME=VALUE without blanks around the sign, or JSON."
    )


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        (
            {"report_path": "/no/where/r.html"},
            "There is no folder /no/where on the controller for ssl_rotation_report_path: make it, or correct the path.",
        ),
        ({"report_path": "r.pdf"}, "ssl_rotation_report_path is r.pdf, but must be an .html file."),
        (
            {"metrics_path": "/no/where/m"},
            "There is no folder /no/where on the controller for ssl_rotation_metrics_path",
        ),
        ({"report_path": "/"}, "ssl_rotation_report_path is /, but must be an .html file."),
        ({"metrics_path": "/etc"}, "ssl_rotation_metrics_path is /etc, which is a folder: name a file in it."),
        ({"phases": ["report"]}, "The report phase alone needs ssl_rotation_report_path, the .html file to write."),
        ({"phases": "report"}, "The report phase alone needs ssl_rotation_report_path"),
    ],
)
def test_files_that_could_not_be_written(needs: dict[str, Any], said: str) -> None:
    assert refused(**needs).startswith(said)


def test_a_disk_that_nothing_can_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = {"report_path": str(tmp_path / "r.html")}
    assert refused(**needs) == ""
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(f_flag=os.ST_RDONLY))
    assert refused(**needs) == (
        f"The disk of the folder {tmp_path} on the controller, for ssl_rotation_report_path, is read-only: name another path."
    )


@pytest.mark.parametrize(
    ("needs", "module", "said"),
    [
        (
            {"metrics_path": "m.prom"},
            "prometheus_client",
            "The metrics file of the role ssl_rotation needs the Python library prometheus-client 0.16.0 or later, on the controller",
        ),
        (
            {"report_path": "r.html", "phases": ["verify", "report"]},
            "cryptography",
            "The report of the role ssl_rotation needs the Python library cryptography 42.0.0 or later, on the controller",
        ),
    ],
)
def test_libraries_that_write_the_files(
    monkeypatch: pytest.MonkeyPatch, needs: dict[str, Any], module: str, said: str
) -> None:
    """They are asked for before anything is done, and only by who has the file written."""
    assert refused(**needs) == ""
    monkeypatch.setitem(sys.modules, module, None)
    assert refused(**needs).startswith(said)
    assert refused() == refused(report_path="r.html") == ""


def test_what_the_other_role_needs() -> None:
    needs = {**NEEDS, "phases": ["deploy"], "playbook_phases": None, "mail": None, "wait_timeout": 1, "hosts": None}
    assert "Run the playbook softlayer.certificates.deploy" in why_refused([], "ssl_fulfillment", None, needs)
