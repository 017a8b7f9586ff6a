# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A command that a message names works as it stands: a shell and Ansible read in it what is meant."""

from __future__ import annotations

import json
import shlex

import pytest
from ansible.parsing.splitter import parse_kv
from ansible_collections.softlayer.certificates.plugins.module_utils._base.remedies import (
    adopt,
    deploy,
    format_listener,
    remove,
)

ODD = ["web", "*.example.com", "my web", "it's", 'a"b', "$(id)", "web={{ x }}", "wéb", "a,b", "web:80", "a\\b"]


def words(command: str) -> list[str]:
    assert command[0] == command[-1] == "`"
    return shlex.split(command[1:-1])


def read(arguments: list[str]) -> dict[str, object]:
    variables: dict[str, object] = {}
    for flag, value in zip(arguments[::2], arguments[1::2], strict=True):
        assert flag == "-e"
        variables |= json.loads(value) if value.startswith("{") else parse_kv(value)
    return variables


@pytest.mark.parametrize("text", ODD)
def test_adopt(text: str) -> None:
    command = words(adopt("www.example.com", ["web:443"], text))
    assert command[:4] == ["ansible-playbook", "-i", "localhost,", "softlayer.certificates.adopt"]
    assert read(command[4:]) == {"source": text, "listener": "web:443", "common_name": "www.example.com"}
    assert read(words(adopt(text))[4:]) == {"common_name": text}
    assert read(words(adopt(None, ["web:443", "uuid-1:80"]))[4:]) == {
        **{"common_name": "NAME", "listeners": "web:443,uuid-1:80"}
    }


@pytest.mark.parametrize("text", ODD)
def test_a_listener_is_named_in_a_way_that_nothing_can_misread(text: str) -> None:
    """Ansible prints messages as JSON, with a backslash before each quote: a command that has none can be copied from there, too."""
    called = format_listener(text, "4ae1-7f", 443)
    assert called == ("wéb:443" if text == "wéb" else "4ae1-7f:443" if text != "web" else "web:443")
    for command in (adopt("www.example.com", [called]), deploy(7, called), deploy(7, called, ["allow_name_loss"])):
        assert json.dumps(command, ensure_ascii=False)[1:-1] == command


def test_deploy() -> None:
    """What Ansible makes of it is what the module does: see test_ssl_certificate_deploy.py."""
    *command, options = words(deploy(7, "web:443"))
    assert command == ["ansible", "localhost", "-m", "softlayer.certificates.ssl_certificate_deploy", "-a"]
    assert parse_kv(options) == {"certificate_id": "7", "listeners": "load_balancer=web,port=443"}
    several = parse_kv(words(deploy(7, ["web:443", "api:8443"]))[-1])
    assert several["listeners"] == "load_balancer=web,port=443;load_balancer=api,port=8443"
    given = parse_kv(words(deploy(7, "web:443", ["allow_name_loss", "allow_expired"]))[-1])
    assert (given["allow_name_loss"], given["allow_expired"]) == ("true", "true")


def test_remove() -> None:
    *command, options = words(remove(7))
    assert command == ["ansible", "localhost", "-m", "softlayer.certificates.ssl_certificate_import", "-a"]
    assert parse_kv(options) == {"certificate_id": "7", "state": "absent"}
