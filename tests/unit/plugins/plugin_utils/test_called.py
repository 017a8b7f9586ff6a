# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In a role, messages name its variables; what programs read stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._run.fulfillment_email import WITHOUT_STORE
from ansible_collections.softlayer.certificates.plugins.plugin_utils._called import _named_in, with_variables

ROTATE, REPORT = "softlayer.certificates.ssl_certificate_rotate", "ssl_certificate_report"
EMAIL = "softlayer.certificates.ssl_fulfillment_email"


def told(text: str, role: str = "ssl_rotation", module: str = ROTATE) -> str:
    """What becomes of a message."""
    said: str = with_variables({"msg": text}, role, module)["msg"]
    return said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Give its root as trusted_ca_path.", "Give its root as ssl_rotation_trusted_ca_path."),
        ("import_new: true imports it.", "ssl_rotation_import_new: true imports it."),
        (
            "No name matches common_names; max_listeners (20)",
            "No name matches ssl_rotation_common_names; ssl_rotation_max_listeners (20)",
        ),
        ("sources names no source: name one.", "ssl_rotation_sources names no source: name one."),
        ("It is wrong. See sources[1]: it is.", "It is wrong. See ssl_rotation_sources[1]: it is."),
        ("Its sources, and what we trust: it is true.", "Its sources, and what we trust: it is true."),
        ("lower concurrency, raise retries", "lower ssl_rotation_concurrency, raise retries"),
        ("trusted_ca_path/srv/roots.pem: It is no file.", "trusted_ca_path/srv/roots.pem: It is no file."),
        ("No file /srv/trusted_ca_path, trusted_ca_path.pem", "No file /srv/trusted_ca_path, trusted_ca_path.pem"),
        ("ssl_rotation_trusted_ca_path is right.", "ssl_rotation_trusted_ca_path is right."),
        (
            "Run `x -e trusted_ca_path=/srv`, or set trusted_ca_path.",
            "Run `x -e trusted_ca_path=/srv`, or set ssl_rotation_trusted_ca_path.",
        ),
    ],
)
def test_what_a_message_calls_options(text: str, said: str) -> None:
    assert told(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("No SSL order matches common_names (a).", "No SSL order matches ssl_fulfillment_select.common_names (a)."),
        ("order_ids names none.", "ssl_fulfillment_order_ids names none."),
        ("Or raise max_age_days.", "Or raise ssl_fulfillment_mail.max_age_days."),
        ("timeout of imap must be greater", "timeout of ssl_fulfillment_mail.imap must be greater"),
        ("It is new; force: true requests it.", "It is new; ssl_fulfillment_force: true requests it."),
        ("The imported ones wait, by force.", "The imported ones wait, by force."),
    ],
)
def test_what_the_other_role_calls_them(text: str, said: str) -> None:
    assert told(text, "ssl_fulfillment", "softlayer.certificates.ssl_order_info") == said


def test_a_way_that_the_roles_do_not_have_is_left_out() -> None:
    text = f"The certificate store cannot be read. Grant it, or {WITHOUT_STORE}."
    assert told(text, "ssl_fulfillment", EMAIL) == "The certificate store cannot be read. Grant it."
    assert told(f"`x`, or {WITHOUT_STORE}; order_ids", "ssl_fulfillment", EMAIL) == "`x`; ssl_fulfillment_order_ids"


def test_the_report_has_other_names_in_the_roles() -> None:
    assert (
        told("path is a, metrics_path is b.", module=REPORT)
        == "ssl_rotation_report_path is a, ssl_rotation_metrics_path is b."
    )
    assert told("There is no folder: correct the path.", module=REPORT) == "There is no folder: correct the path."
    assert told("path is a.") == "path is a."


def test_what_the_environment_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, said in (
        ("https://api.example.com/rest", "check SL_ENDPOINT_URL and proxy"),
        ("", "check endpoint_url and proxy"),
    ):
        monkeypatch.setenv("SL_ENDPOINT_URL", value)
        _named_in.cache_clear()
        assert told("check endpoint_url and proxy") == said


@pytest.mark.parametrize(("msg", "stays"), [("Give trusted_ca_path.", False), ("No.", True)])
def test_what_ansible_has_made_of_a_message_goes_with_it(msg: str, stays: bool) -> None:
    """ansible-core prints that, and makes it anew of the message where there is none."""
    assert ("exception" in with_variables({"msg": msg, "exception": msg}, "ssl_rotation", ROTATE)) == stays


def test_a_command_is_completed_wherever_the_module_runs() -> None:
    text = "`ansible x -a trusted_ca_path=/srv` has it served; give trusted_ca_path."
    for role, option in (("", "trusted_ca_path"), ("ssl_rotation", "ssl_rotation_trusted_ca_path")):
        said = with_variables({"msg": text, "listeners": [{"message": text}]}, role, ROTATE, str.upper)
        expected = f"`ANSIBLE X -A TRUSTED_CA_PATH=/SRV` has it served; give {option}."
        assert said == {"msg": expected, "listeners": [{"message": expected}]}


def test_what_programs_read_stays() -> None:
    name = "trusted_ca_path"
    result: dict[str, Any] = {
        "failed": True,
        "failure": {"code": "invalid_argument", "message": f"{name} is wrong.", "details": {"option": name}},
        "skipped_items": [{"name": name, "reason": name, "message": f"Give {name}.", "trust_message": None}],
        "summary": [f"Give {name}."],
        "warnings": [f"Give {name}.", {"msg": f"Give {name}."}],
        "invocation": {"module_args": {"message": name, name: "/srv"}},
        "listeners": [{"port": 443, "name": name}],
    }
    said = "Give ssl_rotation_trusted_ca_path."
    assert with_variables(result, "ssl_rotation", ROTATE) == {
        **result,
        "failure": {**result["failure"], "message": "ssl_rotation_trusted_ca_path is wrong."},
        "skipped_items": [{**result["skipped_items"][0], "message": said}],
        "summary": [said],
        "warnings": [said, {"msg": said}],
    }
