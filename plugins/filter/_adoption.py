# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the variables of the playbooks `adopt` and `schedule`, which a person gives with `-e` in the shortest way."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import ArgumentSpec, from_json
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._files import real_path
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import CLIENTS, recognised
from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import on_variables
from ansible_collections.softlayer.certificates.plugins.plugin_utils._variables import plain
from jinja2 import pass_context
from jinja2.runtime import Context

SOURCES = "ssl_rotation_sources"
LISTENERS = ("listener", "listeners")
NAMES = ("common_name", "name")


@pass_context
def adoption(context: Context, defined: Sequence[str], needs_name: bool = True) -> dict[str, t.Any]:
    """Return the sources, and what is to be adopted where; or `refused`, a sentence.

    Args:
        context: has the variables.
        defined: the names of those that are defined.
        needs_name: whether a certificate is to be named.
    """
    given: dict[str, t.Any] = {}
    for name in map(str, defined):
        try:
            given[name] = plain(context.resolve(name))
        except Exception:  # a template may fail in any way
            given[name] = None
    return _read(given, needs_name)


@on_variables
def _read(given: Mapping[str, t.Any], needs_name: bool) -> dict[str, t.Any]:
    read: dict[str, t.Any] = {"sources": [], "adopt": {}, "refused": ""}
    try:
        blank = [name for name, value in given.items() if value is None or value in ("", [])]
        if blank:
            raise _refusal(f"{blank[0]} says nothing of what is meant: give it a value, or leave it out.")
        names = [given[name] for name in NAMES if name in given]
        if needs_name and len(names) != 1:
            raise _refusal("Name the certificate by one of its names, once: -e common_name=www.example.com.")
        return {
            **read,
            "sources": _sources(given, is_once=needs_name),
            "adopt": {**_listeners(given), "common_name": "".join(map(str, names))},
        }
    except CertificatesError as error:
        return {**read, "refused": error.message}


def _listeners(given: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the listeners that are named, `listeners` as Ansible reads lists."""
    there = [name for name in LISTENERS if name in given]
    if len(there) > 1:
        raise _refusal("Give listener or listeners, not both.")
    spec = ArgumentSpec({"listeners": {"type": "list", "elements": "str"}})
    return spec.read({"listeners": given[there[0]]}) if there else {}


def _sources(given: Mapping[str, t.Any], *, is_once: bool) -> t.Any:
    """Return the sources in the form of `ssl_rotation_sources`; of a path, what keeps its certificates there is recognised.

    A certificate that is adopted once may come from another source than those of the scheduled runs.
    """
    if "source" in given and SOURCES in given and not is_once:
        raise _refusal(f"Both source and {SOURCES} say where the certificates come from: leave one of them out.")
    if "source" not in given and SOURCES not in given:
        raise _refusal("Say where the certificates come from: -e source=/etc/letsencrypt.")
    source = from_json(given.get("source", given.get(SOURCES)), (dict, list))
    if not isinstance(source, str):
        return source if isinstance(source, list) else [source]
    path = real_path(source)
    kind = recognised(path)
    if kind is None and os.path.isfile(path):
        raise _refusal(f"{source} is a file: name the folder of the client that it is in, such as /etc/letsencrypt.")
    if kind is None:
        raise _refusal(
            f"{source} is not there, or holds no certificates: name the folder of certbot, lego or acme.sh, the acme.json of Traefik, or a folder "
            f'with files. Or say what it is: -e \'{{"source": {{"folder": "{path}"}}}}\', with one of {", ".join(CLIENTS)}.'
        )
    return [{kind: path}]


def _refusal(message: str) -> CertificatesError:
    return CertificatesError("invalid_argument", message)


class FilterModule:
    """Provides the filter by name."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filter of this file."""
        return {"_adoption": adoption}
