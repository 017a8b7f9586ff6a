# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why a role cannot begin."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.softlayer.certificates.plugins.filter import _why_refused as plugin
from ansible_collections.softlayer.certificates.plugins.plugin_utils._roles import is_own_playbook, role_variables
from jinja2 import Environment, StrictUndefined, Undefined

FULFILLMENT: dict[str, Any] = {
    **dict.fromkeys(("playbook_phases", "mail", "hosts", "certificate_dir", "privatekey_dir", "report_path")),
    **{"phases": ["request"], "wait_timeout": 900, "trusted_ca_path": None, "intermediate_path": None},
}
NEEDS: dict[str, Any] = {"phases": ["verify"], "report_path": None, "metrics_path": None}


UNDEFINED = StrictUndefined(name="not_there")


def why_refused(given: dict[str, Any], role: str, unread: str | None, needs: dict[str, Any]) -> str:
    """Why a role cannot begin with these variables."""
    of_ansible = {"omit": "(omit)", "ansible_play_hosts_all": ["localhost"], "ansible_play_hosts": ["localhost"]}
    variables = of_ansible | given | {"needs": needs, "playbook_dir": "/srv/playbooks"}
    context = Environment(undefined=StrictUndefined).from_string("").new_context(variables)
    reason: str = plugin.FilterModule().filters()["_why_refused"](
        context, list(given), role, unread, "needs" if needs else None
    )
    return reason


def refused(given: dict[str, Any] | None = None, unread: str | None = None, **needs: Any) -> str:
    """Why the role `ssl_rotation` cannot begin."""
    return why_refused(given or {}, "ssl_rotation", unread, {**NEEDS, **needs})


def test_nothing_is_wrong(tmp_path: Path) -> None:
    assert refused({"ssl_rotation_sources": [], "ssl_rotation_result": {"failed": UNDEFINED}}) == ""
    assert refused(report_path=str(tmp_path / "r.html"), metrics_path=str(tmp_path / "m.prom")) == ""


def test_no_phase_at_all_is_refused_in_a_play_of_ones_own() -> None:
    """The role would be green, and only tell what is due."""
    said = refused({"ssl_rotation_phases": [None]}, phases=[])
    assert said.startswith("ssl_rotation_phases names no phase, so nothing was done: leave it out, or name one")


def test_what_phases_need_is_among_the_variables_of_the_role() -> None:
    needs = {"phases": ["report"]}
    assert "alone needs ssl_rotation_report_path" in why_refused({}, "ssl_rotation", None, needs)
    assert why_refused({"ssl_rotation_report_path": "/srv/r.html"}, "ssl_rotation", None, needs) == ""


def test_variables_that_the_role_does_not_know() -> None:
    said = refused({"ssl_rotation_max_listener": 1, "ssl-rotation-sources": UNDEFINED, "ssl_rotation_phases": None})
    assert said.startswith("The role ssl_rotation does not know ssl-rotation-sources, ssl_rotation_max_listener. Is ")
    assert "ssl_rotation_max_listeners" in said and "`ansible-doc --type role" in said
    assert "Is ssl_rotation_report_path and ssl_rotation_report_language meant?" in refused({"ssl_rotation_report": 1})
    assert " meant?" not in refused({"ssl_rotation_something_else": 1})


ROLES = ("ssl_fulfillment", "ssl_rotation")
VARIABLES = [(role, name, option) for role in ROLES for name, option in role_variables(role).items()]
NO_VALUE = {"undefined": UNDEFINED, "undefined inside": [UNDEFINED], "null": None, "blank": " \n", "nothing": ""}


def about_variables(role: str, given: dict[str, Any]) -> str:
    """Why these variables are refused, whatever the phases need."""
    return why_refused(given, role, None, {})


@pytest.mark.parametrize("spoiled", NO_VALUE)
@pytest.mark.parametrize(("role", "name", "option"), VARIABLES, ids=[name for _role, name, _option in VARIABLES])
def test_a_variable_that_is_defined_has_a_value(role: str, name: str, option: dict[str, Any], spoiled: str) -> None:
    """A list that is blank is empty, unless it has items by default, and a file that is blank is none; all else would be as wide as if
    nothing had been written."""
    said = about_variables(role, {name: NO_VALUE[spoiled]})
    is_undefined = spoiled.startswith("undefined")
    may_be_blank = option["type"] in {"list", "path"} or name.endswith(("_mail", "_passphrase"))
    may_be_blank = may_be_blank and not name.endswith(("_phases", "_fail_on"))
    if may_be_blank and not is_undefined:
        assert said == ""
    else:
        assert said.startswith(f"{name} is ") and said.endswith("or leave it out; nothing was done.")
        assert ("'not_there' is undefined" in said) is is_undefined


@pytest.mark.parametrize("value", [Undefined(), ["a", Undefined()], {"names": Undefined()}])
def test_what_an_if_without_else_leaves_is_no_value(value: object) -> None:
    """Ansible would refuse it only where it is used, and not say in which variable it is."""
    said = about_variables("ssl_rotation", {"ssl_rotation_load_balancers": value})
    assert said.startswith("ssl_rotation_load_balancers is defined, but its template cannot be evaluated.")


@pytest.mark.parametrize("omitted", ["(omit)", ["a", "(omit)"], {"common_names": "(omit)"}])
def test_what_is_omitted_is_no_limit(omitted: object) -> None:
    """Ansible would leave it out, as if nothing had been written."""
    said = about_variables("ssl_fulfillment", {"ssl_fulfillment_select": omitted})
    assert said.startswith("ssl_fulfillment_select is defined, but") and "default(omit) leaves it out" in said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("max_orders", "many", "ssl_fulfillment_max_orders takes a whole number, and its value is something else."),
        ("max_orders", True, "ssl_fulfillment_max_orders takes a number, and true or false is none."),
        (
            "from_inventory",
            "perhaps",
            "ssl_fulfillment_from_inventory takes true or false, and its value is something else.",
        ),
        ("allowed_recipients", '["*@example.com"', "ssl_fulfillment_allowed_recipients is "),
        ("order_ids", ["one"], "ssl_fulfillment_order_ids takes a whole number, and its value is something else."),
        ("mail", "/srv/mail", "ssl_fulfillment_mail takes a dict, and its value is something else."),
        ("wait_timeout", "long", "ssl_fulfillment_wait_timeout takes a number, and its value is something else."),
        ("trust", "maybe", "value of ssl_fulfillment_trust must be one of: require, warn"),
        ("select", '{"common_names": ', "ssl_fulfillment_select is no dict. Write {} for all orders"),
        ("select", "common_names=a", "ssl_fulfillment_select is no dict."),
        (
            "select",
            {"common_name": "a"},
            "There is no option ssl_fulfillment_select.common_name; common_names is meant.",
        ),
        ("select", {"imported": None}, "ssl_fulfillment_select.imported is null, which is no condition."),
        ("select", '{"expires_within_days": " "}', "ssl_fulfillment_select.expires_within_days is blank"),
    ],
)
def test_a_value_is_of_its_type(name: str, value: object, said: str) -> None:
    """Also where the role is included without Ansible's validation of its variables."""
    assert said in about_variables("ssl_fulfillment", {f"ssl_fulfillment_{name}": value})


@pytest.mark.parametrize("role", ROLES)
def test_the_defaults_are_values(role: str) -> None:
    defaults = Path(plugin.__file__).parents[2] / f"roles/{role}/defaults/main.yml"
    assert about_variables(role, yaml.safe_load(defaults.read_text("utf-8"))) == ""


SOURCES = [{"certbot": "/etc/letsencrypt"}]


@pytest.mark.parametrize("sources", [SOURCES, SOURCES[0], json.dumps(SOURCES), json.dumps(SOURCES[0]), "certbot=/srv"])
def test_forms_of_sources_that_are_read(sources: object) -> None:
    assert about_variables("ssl_rotation", {"ssl_rotation_sources": sources}) == ""


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        (
            "/etc/letsencrypt",
            'ssl_rotation_sources is a text, and no list of dicts. Write it as JSON, such as [{"certbot": "..."}].',
        ),
        (["/etc/letsencrypt"], 'ssl_rotation_sources[0] is a text, and no dict. Write it like {"certbot": "..."}.'),
        ([{"acme.sh": "/root/.acme.sh"}], "There is no option ssl_rotation_sources[0].acme.sh; acme_sh is meant."),
        ({"Certbot": "/srv"}, "There is no option ssl_rotation_sources[0].Certbot; certbot is meant."),
        ([{"certbot": {"path": "/srv"}}], "ssl_rotation_sources[0].certbot takes a path alone, and no dict."),
    ],
)
def test_forms_of_sources_that_are_not(sources: object, said: str) -> None:
    assert about_variables("ssl_rotation", {"ssl_rotation_sources": sources}) == said


# What -e sets without the prefix


@pytest.mark.parametrize(
    ("extra", "given", "is_own", "said"),
    [
        ({"trusted_ca_path": "/srv"}, {}, False, "ssl_rotation_trusted_ca_path is meant"),
        ({"max_listeners": "5"}, {"ssl_rotation_max_listeners": 20}, False, "ssl_rotation_max_listeners is meant"),
        ({"max_listeners": "5"}, {"ssl_rotation_max_listeners": 5}, False, None),
        ({"max_listeners": "20"}, {"ssl_rotation_max_listeners": 20}, False, None),
        ({"load_balancers": "a,b"}, {"ssl_rotation_load_balancers": ["a", "b"]}, False, None),
        ({"max_listeners": "5"}, {"ssl_rotation_max_listeners": 10}, False, None),
        ({"max_listeners": "5"}, {"ssl_rotation_max_listeners": 10}, True, "ssl_rotation_max_listeners is meant"),
        (
            {"most": 2, "max_listeners": "5", "ssl_rotation_max_listeners": "{{ max_listeners | int * most }}"},
            {"ssl_rotation_max_listeners": 10},
            True,
            None,
        ),
        ({"sources": "a", "trust": "warn", "force": "yes"}, {"ssl_rotation_trust": "require"}, False, None),
        (
            {"sources": "a", "trust": "warn", "force": "yes"},
            {"ssl_rotation_trust": "require"},
            True,
            "does not know sources, trust, so -e would set nothing: ssl_rotation_sources, ssl_rotation_trust are meant",
        ),
        (
            {"api_key": "x"},
            {},
            True,
            "api_key is no variable of the role ssl_rotation, so -e would set nothing: set SL_API_KEY in the env",
        ),
        (
            {"timeout": 5},
            {},
            True,
            "timeout is no variable of the role ssl_rotation, so -e would set nothing: call the role in a play",
        ),
        ({"api_key": "x", "timeout": 5, "path": "/srv", "name": "x"}, {}, False, None),
        ({"path": "/srv", "name": "x", "listener": "web:443", "ssl_rotation_trust": "warn"}, {}, True, None),
        (
            {"ssl_fulfillment_select": {}},
            {"ssl_rotation_trust": "require"},
            True,
            "these are variables of another role",
        ),
        ({"ssl_fulfillment_select": {}}, {"ssl_rotation_trust": "warn"}, True, None),
        ({"ssl_fulfillment_select": {}}, {}, False, None),
        ({"sheduler": "cron"}, {}, True, "sheduler is no variable of this playbook: is scheduler meant?"),
        ({"load_balancer": "prod-*"}, {}, True, "is ssl_rotation_load_balancers meant?"),
        ({"load_balancer": "prod-*"}, {}, False, None),
        ({"ssl_load_balancer": "a question of a survey"}, {}, True, None),
        ({"load_balancer": "prod-*", "x": "{{ load_balancer }}"}, {}, True, None),
    ],
)
def test_extra_variables_without_the_prefix(
    extra: dict[str, Any], given: dict[str, Any], is_own: bool, said: str | None
) -> None:
    """In a playbook of somebody's own, what is a word of the language, or is handed on to the role's variable, is no mistake."""
    why_not = plugin.why_unprefixed(extra, given, "ssl_rotation", is_own=is_own)
    assert why_not is None if said is None else said in str(why_not) and str(why_not).endswith("Nothing was done.")


def test_a_variable_of_the_playbook_adopt_in_another_one() -> None:
    said = plugin.why_unprefixed({"source": "/srv", "name": "x"}, {}, "ssl_rotation", plugin.OF_ADOPT, is_own=True)
    assert said and "does not know source, so -e would set nothing: ssl_rotation_sources is meant" in said


def test_which_playbooks_are_the_collections_own(tmp_path: Path) -> None:
    own = Path(plugin.__file__).parents[2] / "playbooks"
    assert is_own_playbook(str(own)) and is_own_playbook(str(own / "awx"))
    assert not is_own_playbook(str(tmp_path)) and not is_own_playbook(str(own.parent))


def test_a_template_that_fails_is_not_quoted() -> None:
    class Context:
        def resolve(self, name: str) -> Any:
            if name == "ssl_rotation_trust":
                raise ValueError("while templating {{ 'h0rse-battery' | no_filter }}")

    said = plugin.why_refused(Context(), ["ssl_rotation_trust"], "ssl_rotation", None)
    assert said.startswith("ssl_rotation_trust is defined, but its template cannot be evaluated. Correct it")


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("ssl_fulfillment", ("ssl_fulfilment_max_orders", "ssl_fullfillment_max_orders", "ssl-fulfillments-x")),
        ("ssl_rotation", ("SSL_ROTATION_SOURCES", "sslrotation_sources", "ssl_rotations_sources")),
    ],
)
def test_the_roles_look_at_names_that_begin_almost_like_theirs(role: str, names: tuple[str, ...]) -> None:
    folder = Path(plugin.__file__).parents[2] / "roles" / role
    written = "".join((folder / kind / "main.yml").read_text(encoding="utf-8") for kind in ("tasks", "vars"))
    pattern = next(each for each in re.findall(r"varnames', '(.+)'\)", written) if each.startswith("(?i)"))
    assert [name for name in (f"{role}_phases", *names) if not re.search(pattern, name)] == []
    assert not re.search(pattern, f"__{role}_phases")


def test_variables_that_are_those_of_the_other_role() -> None:
    said = why_refused({"ssl_fulfillment_rollback": 1}, "ssl_fulfillment", None, FULFILLMENT)
    assert "does not know ssl_fulfillment_rollback. The role ssl_rotation has ssl_rotation_rollback." in said
    assert "Is ssl_rotation_sources meant?" in refused({"SSL_ROTATION_SOURCES": 1})


def test_a_key_in_place_of_a_path_is_not_shown() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----"
    needs = {**FULFILLMENT, "phases": ["import"], "certificate_dir": "/", "privatekey_dir": key}
    said = why_refused({}, "ssl_fulfillment", None, needs)
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
        assert why_refused({}, "ssl_fulfillment", None, {**of_mail, name: str(path)}).startswith(said)
    for phases in (["request"], ["collect"]):
        assert why_refused({}, "ssl_fulfillment", None, {**of_mail, "phases": phases, name: str(file)}) == ""


@pytest.mark.parametrize(
    ("unread", "what"),
    [
        ("sesame-4711", "1 word of what -e gives"),
        (" my  sesame-4711", "2 words of what -e gives"),
        ("sesame = 4711", "3 words of what -e gives"),
        ("NAME=sesame-4711", "1 word of what -e gives"),
        (
            "ssl_rotation_privatekey_passphrase = sesame-4711",
            "3 words of what -e gives (beginning with ssl_rotation_privatekey_passphrase)",
        ),
    ],
)
def test_what_ansible_could_not_read_comes_first(unread: str, what: str) -> None:
    """It may be a part of a passphrase, so that it is not repeated."""
    said = refused({"ssl_rotation_max_listener": 1}, unread)
    assert said == (
        f"Ansible could make no variable of {what}, so nothing was done. Write -e @FILE for a file, -e NAME=VALUE without blanks around the "
        "sign and with quotes of its own around a value that has blanks, or JSON."
    )


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ({"phases": ["report"]}, "The report phase alone needs ssl_rotation_report_path, the .html file to write."),
        ({"phases": "report"}, "The report phase alone needs ssl_rotation_report_path"),
    ],
)
def test_a_report_that_has_no_place(needs: dict[str, Any], said: str) -> None:
    assert refused(**needs).startswith(said)


def test_what_the_other_role_needs() -> None:
    needs = {**NEEDS, "phases": ["deploy"], "playbook_phases": None, "mail": None, "wait_timeout": 1, "hosts": None}
    assert "Run the playbook softlayer.certificates.deploy" in why_refused({}, "ssl_fulfillment", None, needs)


def limited(role: str, tags: tuple[str, ...] = ("all",), skips: tuple[str, ...] = (), **given: Any) -> str:
    """Why one of the playbooks cannot begin."""
    of_command = {"ansible_run_tags": [*tags], "ansible_skip_tags": [*skips], "ansible_limit": given.pop("limit", None)}
    needs = {**FULFILLMENT, "phases": ["import"], "asked": ["import"], "certificate_dir": "/", "privatekey_dir": "/"}
    given = {f"__{role}_playbook": "import", **of_command, "asked": [], **given}
    names = {name: value for name, value in given.items() if name.startswith(("__", "ansible_"))}
    context = {
        "omit": "(omit)",
        "playbook_dir": "/srv",
        "ansible_play_hosts_all": ["localhost"],
        "ansible_play_hosts": ["localhost"],
        **names,
    }
    ready = {**needs, **{name: value for name, value in given.items() if name not in names}}
    made = Environment(undefined=StrictUndefined).from_string("").new_context({**context, "needs": ready})
    return str(plugin.FilterModule().filters()["_why_refused"](made, [], role, None, "needs"))


@pytest.mark.parametrize("role", ["ssl_rotation", "ssl_fulfillment"])
def test_a_playbook_that_would_do_nothing(role: str) -> None:
    """Tags that are no phases of it, all of its phases skipped, and a limit to other hosts; a play of one's own has its own reasons."""
    assert "called improt, so nothing was done: its tags are its phases, import." in limited(role, ("improt", "import"))
    assert "called import, so nothing was done" in limited(role, skips=("import",))
    assert "called report, so nothing was done" in limited(role, ("report",))
    assert "--limit web names other hosts, so nothing was done" in limited(role, limit="web", asked=["import"])
    assert f"{role}_phases names no phase, so nothing was done: leave it out, or name one" in limited(role, phases=[])
    for given in (
        {"limit": "localhost", "asked": ["import"]},
        {"tags": ("import", "always"), "asked": ["import"]},
        {"limit": "web", "tags": ("mine",), f"__{role}_playbook": None},
    ):
        assert limited(role, **given) == ""
    for none in (None, ""):  # as ansible-core 2.19, and 2.18, make it of a template
        assert "--limit web names" in limited("ssl_fulfillment", limit="web", asked=["import"], hosts=none)
    assert limited("ssl_fulfillment", limit="web", asked=["import"], hosts=["7"]) == "", (
        "the play's hosts are the orders"
    )
