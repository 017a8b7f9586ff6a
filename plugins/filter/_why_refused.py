# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refuse what Ansible lets through: variables that a role does not know or that cannot be read, phases that lack what they need.

Ansible's filter `default`, and a role that is included with `rolespec_validate: false`, take a variable that is undefined inside, or null, for
one that was not given; and what limits nothing is a wider limit than what was written.
"""

from __future__ import annotations

import json
import os
import re
import typing as t
from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType

from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import (
    ArgumentSpec,
    api_options,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._files import real_path
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.fulfillment import (
    takes_what_it_requests,
    why_not_fulfilled,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets import masked, secrets_in
from ansible_collections.softlayer.certificates.plugins.module_utils._text import some_of
from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import on_variables
from ansible_collections.softlayer.certificates.plugins.plugin_utils._roles import (
    is_own_playbook,
    role_defaults,
    role_variables,
)
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import (
    extra_variables,
    plain,
)
from jinja2 import pass_context
from jinja2.runtime import Context

UNDEFINED = re.compile(r"'[\w.]{1,100}' is undefined")
"""What Ansible says of a template that is undefined inside; anything else that it says may quote a secret."""
MAY_BE_BLANK = {"list", "path"}
"""The types of variables that may be blank: a blank list is empty, unless it has items where nobody writes it, and a file that is not named is
not read or written ..."""
NONE_IF_BLANK = ("_mail", "_privatekey_passphrase")
"""... and these, which then are not used."""
LIMITS = {"ssl_fulfillment_select"}
"""The variables in which Ansible would read half of a text as a wider limit than was meant; the modules refuse others."""
ROTATION = "ssl_rotation"
"""The role that has the variables of what was one role once."""
PHASES = {
    ROTATION: {"import", "deploy", "verify", "clean_up", "report"},
    "ssl_fulfillment": {"request", "collect", "import", "report"},
}
"""The phases of the roles, which are tags."""
OF_COMMAND = ("ansible_limit", "ansible_run_tags", "ansible_skip_tags")
"""What was given to ansible-playbook."""
OF_ANSIBLE = {"all", "always", "never", "tagged", "untagged"}
"""Tags that mean something to Ansible."""
OTHERS = ("rotate", "deploy", "verify")
OF_ADOPT = {
    "source": "sources",
    "common_name": "common_names",
    "listener": "load_balancers",
    "listeners": "load_balancers",
}
"""Variables of the playbook `adopt`, and what those who write them for one of the others mean."""
ALIKE = 0.9
"""How like a name must be to what is written for it to be meant, for `difflib`: all begin alike."""


@pass_context
def why_refused(
    context: Context, defined: Sequence[str], role: str, unread: str | None, needs: str | None = None
) -> str:
    """Return why a role cannot begin, in one sentence; empty if it can.

    Args:
        context: has the variables.
        defined: the defined variables whose names begin like those of the role's.
        role: its name.
        unread: the part of the extra variables that Ansible could not read as variables.
        needs: the name of a variable with what phases need beside the role's variables. It is looked at once all of those are right.
    """
    names = [name for name in map(str, defined) if name != f"{role}_result"]
    omitted = str(context.resolve("omit"))
    given: dict[str, t.Any] = {}
    unreadable: dict[str, str] = {}
    for name in names:
        try:
            given[name] = plain(context.resolve(name))
            if _holds(given[name], omitted):
                unreadable[name] = ": default(omit) leaves it out"
        except Exception as error:  # a template may fail in any way
            said = UNDEFINED.search(str(error))
            unreadable[name] = f": {said[0]}" if said else ""
    is_own = is_own_playbook(str(context.resolve("playbook_dir")))
    playbook = context.resolve("__ssl_rotation_playbook")  # may be undefined, which can be compared with nothing
    called = OF_ADOPT if isinstance(playbook, str) and playbook in OTHERS else {}
    unprefixed = None if unread else why_unprefixed(extra_variables(), given, role, called, is_own=is_own)
    why_not = _why_refused(names, given, unreadable, _different(context, role, given), role, unread, unprefixed)
    if why_not or not needs:
        return why_not
    own = {name.removeprefix(f"{role}_"): given.get(name) for name in role_variables(role)}
    of_ansible = {name: context.get(name) for name in (f"__{role}_playbook", *OF_COMMAND)}
    return _why_not_ready(role, {**own, **of_ansible, **t.cast(dict[str, t.Any], context.resolve(needs))})


def _holds(value: t.Any, text: str) -> bool:
    """Return whether a text is a value, or anywhere in it."""
    if isinstance(value, dict):
        return any(_holds(each, text) for each in value.values())
    return any(_holds(each, text) for each in value) if isinstance(value, list) else value == text


def _different(context: Context, role: str, given: Mapping[str, t.Any]) -> tuple[str, str] | None:
    """Return a variable of the role, and a host of the play for which it is another one; `None` if all hosts agree.

    A role acts for all hosts at once, with the variables of one of them. Of a host that has left the play, what it lacks does not matter:
    facts reach it no more.
    """
    hosts, active = (list(context.resolve(f"ansible_play_{which}") or ()) for which in ("hosts_all", "hosts"))
    if len(hosts) < 2:
        return None
    hostvars: t.Any = context.resolve("hostvars")
    own = str(context.resolve("inventory_hostname"))

    def variables(raw: Mapping[str, t.Any]) -> dict[str, t.Any]:
        return {name: raw[name] for name in raw if name.startswith(f"{role}_") and name != f"{role}_result"}

    raw_of_own = hostvars.raw_get(own)
    of_own, own_limits = variables(raw_of_own), _limits(raw_of_own, role, own)
    # What `vars` of a task set is the same for all hosts, whatever the inventory says.
    in_force = {name for name in of_own if _value(hostvars, own, name) == given.get(name)}
    for host in hosts:
        raw = hostvars.raw_get(host)
        of_host = variables(raw)
        for name in sorted(of_host.keys() | (of_own.keys() if host in active else set())):
            if name not in of_own or name not in of_host:
                return name, host
            is_same = of_own[name] == of_host[name] and "{" not in str(of_own[name])
            if not is_same and name in in_force and _value(hostvars, host, name) != given[name]:
                return name, host
        # Unless they are templates there: each host that comes to the role has recorded what it makes of them.
        for name, limit in sorted(_limits(raw, role, host).items()) if host in active else ():
            if name in own_limits and own_limits[name] != limit:
                return name, host
    return None


def _limits(raw: Mapping[str, t.Any], role: str, host: str) -> Mapping[str, t.Any]:
    """Return the limits that a host has recorded when it came to the role; none if it did not come."""
    recorded = raw.get(f"__{role}_limits") if raw.get(f"__{role}_host") == host else None
    return t.cast("dict[str, t.Any]", json.loads(str(recorded))) if recorded else {}


def _value(hostvars: t.Any, host: str, name: str) -> t.Any:
    try:
        return plain(hostvars[host][name])
    except Exception:  # a template may fail in any way
        return None


@on_variables
def _why_refused(
    names: Sequence[str],
    given: Mapping[str, t.Any],
    unreadable: Mapping[str, str],
    different: tuple[str, str] | None,
    role: str,
    unread: str | None,
    unprefixed: str | None,
) -> str:
    if unread:  # it may be a part of a passphrase, and is not repeated
        count, first = len(unread.split()), re.split(r"\W", unread.strip(), maxsplit=1)[0]
        what = f"{count} {'word' if count == 1 else 'words'} of what -e gives"
        begins = f" (beginning with {first})" if first in role_variables(role) else ""
        return (
            f"Ansible could make no variable of {what}{begins}, so nothing was done. Write -e @FILE for a file, -e NAME=VALUE without blanks "
            "around the sign and with quotes of its own around a value that has blanks, or JSON."
        )
    why_not = _why_unknown(names, role) or unprefixed or _why_without_value(given, unreadable, role)
    if not why_not and different:
        name, host = different
        why_not = (
            f"{name} is not the same for all hosts of the play, see {host}; but the role {role} acts once, for all of them. Set it for all, in the "
            "play or with -e, or take a play of its own for those hosts; nothing was done."
        )
    return masked(why_not or "", secrets_in(why_not))


@on_variables
def _why_not_ready(role: str, needs: Mapping[str, t.Any]) -> str:
    why_not = _why_unready(role, needs) or ""
    return masked(why_not, secrets_in(why_not))


def _why_unknown(names: Sequence[str], role: str) -> str | None:
    known = role_variables(role).keys()
    unknown = sorted({*names} - known)
    if not unknown:
        return None
    close = dict.fromkeys(like for name in unknown for like in _like(name.lower(), known))
    of_rotation = role_variables(ROTATION)
    moved = [name for each in unknown if (name := each.replace("ssl_fulfillment_", "ssl_rotation_")) in of_rotation]
    meant = f" Is {' and '.join(close)} meant?" if close else ""
    meant += f" The role {ROTATION} has {', '.join(moved)}." if moved else ""
    return (
        f"The role {role} does not know {', '.join(unknown)}.{meant} "
        f"`ansible-doc --type role softlayer.certificates.{role}` lists its variables."
    )


def why_unprefixed(
    extra: Mapping[str, t.Any],
    given: Mapping[str, t.Any],
    role: str,
    called: Mapping[str, str] = MappingProxyType({}),
    *,
    is_own: bool,
) -> str | None:
    """Return why extra variables are refused that are called like options of modules, and would set nothing.

    A play of a user's own may have such variables for other things: there, names that are words of the language are theirs, and so is what
    the role's variable is made of.

    Args:
        extra: what `-e` sets.
        given: the role's variables that are defined, with their values.
        role: its name.
        called: what such are called elsewhere.
        is_own: whether the playbook is one of this collection's.
    """
    defaults, variables = role_defaults(role), role_variables(role)
    meant = {name: variable for name in sorted(extra) if (variable := f"{role}_{called.get(name, name)}") in variables}
    templates = [str(value) for value in extra.values() if "{{" in str(value)]
    for name, variable in list(meant.items()):
        value = given.get(variable)
        is_handed_on = str(value) == str(extra[name]) or any(name in template for template in templates)
        is_theirs = not is_own and ("_" not in name or value != defaults.get(variable))
        if is_handed_on or is_theirs:
            del meant[name]
    if meant:
        are = "is" if len(meant) == 1 else "are"
        form = f" {SOURCES}" if f"{role}_sources" in meant.values() else ""
        return f"The role {role} does not know {', '.join(meant)}, so -e would set nothing: {', '.join(meant.values())} {are} meant.{form} Nothing was done."
    others = sorted(name for name in extra if name.startswith(tuple(f"{other}_" for other in PHASES.keys() - {role})))
    if is_own and others and all(value == defaults.get(name) for name, value in given.items()):
        return (
            f"{some_of(others, 3)}: these are variables of another role than {role}, whose playbook this is, and none of its own is given. "
            "Nothing was done."
        )
    known = {
        **{variable.removeprefix(f"{role}_"): variable for variable in variables},
        **dict(zip(OF_PLAYBOOKS, OF_PLAYBOOKS, strict=True)),
    }
    for name in sorted(extra.keys() - known) if is_own else ():
        # The variables of surveys begin so, and are like those of the roles.
        alike = get_close_matches(name, OF_PLAYBOOKS if name.startswith("ssl_") else known, 1, ALIKE)
        if alike and not any(name in template for template in templates):
            return f"{name} is no variable of this playbook: is {known[alike[0]]} meant? Nothing was done."
    of_api = [name for name in sorted(extra) if is_own and name in api_options().options]
    if of_api:
        name = of_api[0]
        _function, *environment = api_options().options[name].get("fallback", (None,))
        how = f"set {environment[0][0]} in the environment" if environment else HOW_ELSE
        return f"{name} is no variable of the role {role}, so -e would set nothing: {how}. Nothing was done."
    return None


OF_PLAYBOOKS = ("listener", "listeners", "source", "common_name", "name", "state", "scheduler", "time", "prefix")
"""The variables that the playbooks adopt and schedule have beside those of the role."""
SOURCES = """Write -e '{"ssl_rotation_sources": [{"certbot": "/etc/letsencrypt"}]}'."""
HOW_ELSE = "call the role in a play of your own, with module_defaults for group/softlayer.certificates.softlayer"
"""How options are set that the environment does not."""


def _like(name: str, known: Collection[str]) -> list[str]:
    """Return the names that begin with a whole one, such as `..._report`, or else the one that is most like it."""
    longer = [other for other in known if other.startswith(f"{name}_")]
    return longer or get_close_matches(name, known, 1, ALIKE)


def _why_without_value(given: Mapping[str, t.Any], unreadable: Mapping[str, str], role: str) -> str | None:
    """Return why a variable that is defined has no value, or none of its type; `None` if each has one."""
    options, defaults = role_variables(role), role_defaults(role)
    if unreadable:
        name, why = min(unreadable.items())
        return f"{name} is defined, but its template cannot be evaluated{why}. Correct it, or leave it out; nothing was done."
    blank = {name for name, value in given.items() if value is None or (isinstance(value, str) and not value.strip())}
    for name in sorted(blank):
        if defaults.get(name) or not (options[name]["type"] in MAY_BE_BLANK or name.endswith(NONE_IF_BLANK)):
            what = "null" if given[name] is None else "blank"
            return f"{name} is {what}, which says nothing of what is meant. Give it a value, or leave it out; nothing was done."
    try:
        spec = ArgumentSpec(options, limiting=LIMITS)
        spec.read({name: value for name, value in given.items() if name not in blank})
    except CertificatesError as error:
        return error.message
    return None


def _why_unready(role: str, needs: Mapping[str, t.Any]) -> str | None:
    if needs.get(f"__{role}_playbook") and (why_not := _why_nothing_to_do(role, needs)):
        return why_not
    if role == "ssl_fulfillment":
        return why_not_fulfilled(needs, _is_folder, _exists) or _why_unreadable(needs)
    if not needs["phases"]:
        return _why_no_phase(role)
    if needs["phases"] in (["report"], "report") and not needs["report_path"]:
        return f"The report phase alone needs {role}_report_path, the .html file to write."
    return None


def _why_nothing_to_do(role: str, needs: Mapping[str, t.Any]) -> str | None:
    """Return why one of the playbooks would do nothing, and be green: a limit to other hosts, or tags that are no phases of it."""
    limit = needs["ansible_limit"]
    has_hosts = isinstance(needs.get("hosts"), list)  # of none, ansible-core 2.18 makes a blank text
    if limit and limit != "localhost" and not has_hosts:
        narrower = "ssl_rotation_load_balancers" if role == ROTATION else "ssl_fulfillment_select"
        return (
            f"This playbook runs on localhost alone, and --limit {limit} names other hosts, so nothing was done: leave it out. "
            f"{narrower} narrows what is dealt with."
        )
    tags = {*needs["ansible_run_tags"], *needs["ansible_skip_tags"]} - OF_ANSIBLE
    unknown = tags - PHASES[role]
    if not (tags or needs["asked"]):
        return _why_no_phase(role)
    if unknown or not needs["asked"]:
        called, phases = ", ".join(sorted(unknown or tags)), ", ".join(needs["phases"])
        return f"No phase of this playbook is called {called}, so nothing was done: its tags are its phases, {phases}."
    return None


def _why_no_phase(role: str) -> str:
    phases = ", ".join(sorted(PHASES[role]))
    return f"{role}_phases names no phase, so nothing was done: leave it out, or name one or more of {phases}."


def _why_unreadable(needs: Mapping[str, t.Any]) -> str | None:
    """Return why what is needed to use the certificates of emails, which are yet to be requested, cannot be read."""
    if not takes_what_it_requests(needs["phases"]):
        return None
    keys = real_path(needs["privatekey_dir"] or "/")
    if not os.access(keys, os.R_OK | os.X_OK):
        return f"The folder {keys} (ssl_fulfillment_privatekey_dir) cannot be read by this user: correct its permissions, or the variable."
    try:
        from ansible_collections.softlayer.certificates.plugins.module_utils._run.roots import (
            known_issuers,
            roots_in,
        )
    except ImportError:
        return None  # the modules say which library is missing
    readers: Mapping[str, Callable[[str], object]] = {
        "trusted_ca_path": roots_in,
        "intermediate_path": known_issuers,
    }
    for name, read in readers.items():
        try:
            if needs[name]:
                read(real_path(needs[name]))
        except CertificatesError as error:
            named = error.message if error.message.startswith(name) else f"{name}: {error.message}"
            return f"ssl_fulfillment_{named}"
    return None


def _is_folder(path: str) -> bool:
    return os.path.isdir(real_path(path))


def _exists(path: str) -> bool:
    return os.path.exists(real_path(path))


class FilterModule:
    """Provides the filter by name."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filter of this file."""
        return {"_why_refused": why_refused}
