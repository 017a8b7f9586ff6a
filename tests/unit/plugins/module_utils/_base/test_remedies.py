# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A command that a message names works as it stands: a shell and Ansible read in it what is meant."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from ansible.parsing.splitter import parse_kv
from ansible_collections.softlayer.certificates.plugins.module_utils._base.remedies import (
    adopt,
    deploy,
    listener,
    reissue,
    remove,
    renewal,
    rsa_key,
)

ODD = ["web", "*.example.com", "my web", "it's", 'a"b', "$(id)", "web={{ x }}", "wéb", "a,b", "web:80", "a\\b"]


def words(command: str) -> list[str]:
    """What a shell makes of the command in a message."""
    assert command[0] == command[-1] == "`"
    return shlex.split(command[1:-1])


def read(arguments: list[str]) -> dict[str, object]:
    """The extra variables, as Ansible reads them."""
    variables: dict[str, object] = {}
    for flag, value in zip(arguments[::2], arguments[1::2], strict=True):
        assert flag == "-e"
        variables |= json.loads(value) if value.startswith("{") else parse_kv(value)
    return variables


@pytest.mark.parametrize("text", ODD)
def test_adopt(text: str) -> None:
    program, playbook, *rest = words(adopt("www.example.com", ["web:443"], text))
    assert (program, playbook) == ("ansible-playbook", "softlayer.certificates.adopt")
    assert read(rest) == {"source": text, "listener": "web:443", "common_name": "www.example.com"}
    assert read(words(adopt(text))[2:]) == {"common_name": text}
    assert read(words(adopt(None, ["web:443", "uuid-1:80"]))[2:]) == {
        **{"common_name": "NAME", "listeners": "web:443,uuid-1:80"}
    }


@pytest.mark.parametrize("text", ODD)
def test_a_listener_is_named_in_a_way_that_nothing_can_misread(text: str) -> None:
    """Ansible prints messages as JSON, with a backslash before each quote: a command that has none can be copied from there, too."""
    called = listener(text, "4ae1-7f", 443)
    assert called == ("wéb:443" if text == "wéb" else "4ae1-7f:443" if text != "web" else "web:443")
    for command in (adopt("www.example.com", [called]), deploy(7, called), deploy(7, called, "allow_name_loss")):
        assert json.dumps(command, ensure_ascii=False)[1:-1] == command


def test_deploy() -> None:
    """What Ansible makes of it is what the module does: see test_ssl_certificate_deploy.py."""
    *command, options = words(deploy(7, "web:443"))
    assert command == ["ansible", "localhost", "-m", "softlayer.certificates.ssl_certificate_deploy", "-a"]
    assert parse_kv(options) == {"certificate_id": "7", "listeners": "load_balancer=web,port=443"}
    assert parse_kv(words(deploy(7, "web:443", "allow_name_loss"))[-1])["allow_name_loss"] == "true"


def test_remove() -> None:
    *command, options = words(remove(7))
    assert command == ["ansible", "localhost", "-m", "softlayer.certificates.ssl_certificate_import", "-a"]
    assert parse_kv(options) == {"certificate_id": "7", "state": "absent"}


@pytest.mark.parametrize(
    ("source", "commands"),
    [
        ("certbot", ["certbot renew --cert-name odd\\ name --key-type rsa --force-renewal"]),
        (
            "lego",
            [
                "lego run --key-type RSA2048 --renew-force --domains '*.example.com' --domains example.com",
                "lego --key-type rsa2048 --domains '*.example.com' --domains example.com renew --days 3650",
            ],
        ),
        (
            "acme_sh",
            [
                "acme.sh --issue --force --keylength 2048 --domain '*.example.com' --domain example.com",
                "acme.sh --remove --ecc --domain '*.example.com'",
            ],
        ),
        ("traefik", []),
        ("secrets_manager", []),
        ("folder", []),
        ("mail", []),
        (None, []),
    ],
)
def test_each_client_is_told_how_to_make_keys_that_balancers_offer(source: str | None, commands: list[str]) -> None:
    said = rsa_key(source, "odd name", ["*.example.com", "example.com"])
    assert [shlex.split(one) for one in re.findall("`([^`]*)`", said)] == [shlex.split(one) for one in commands]
    assert commands or "RSA2048" in said or said == "request the renewal with an RSA key from its CA or ACME client"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("certbot", "`certbot renew --cert-name 'odd name' --force-renewal` has it issued anew"),
        ("acme_sh", "`acme.sh --renew --force --domain '*.example.com' --ecc` has it issued anew"),
        ("traefik", "have Traefik get it issued anew"),
        ("folder", "have it issued anew"),
        (None, "have it issued anew"),
    ],
)
def test_each_client_is_told_how_to_have_it_issued_anew(source: str | None, said: str) -> None:
    assert reissue(source, "odd name", "*.example.com", "EC") == said


@pytest.mark.parametrize(
    ("source", "key_type", "said"),
    [
        ("certbot", "EC", "`certbot renew --cert-name 'odd name'` renews it, or says why not"),
        ("acme_sh", "EC", "`acme.sh --renew --domain '*.example.com' --ecc` renews it, or says why not"),
        ("acme_sh", "RSA", "`acme.sh --renew --domain '*.example.com'` renews it, or says why not"),
        ("traefik", "EC", "have Traefik renew it"),
        ("folder", "EC", "put a renewed one there"),
    ],
)
def test_each_client_is_told_how_to_renew_it(source: str, key_type: str, said: str) -> None:
    assert renewal(source, "odd name", "*.example.com", key_type) == said
