# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters for the certificates that other clients keep on the controller. Private to softlayer.certificates."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._forms import Option, plain, words_of_role
from ansible_collections.softlayer.certificates.plugins.module_utils._libraries import (
    FOR_CERTIFICATES,
    require_libraries,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.approvals import approved_imports
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.rotation import (
    OF_RECORDS,
    Choice,
    Wishes,
    choose,
    steps,
    without_replaced,
    without_texts,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._run.sources import read_sources
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.reading import Files
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import usable_keys
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now
from ansible_collections.softlayer.certificates.plugins.plugin_utils._untrusted import untrusted

Record = Mapping[str, t.Any]
Records = Sequence[Record]


def rotation_keys(folder: str, passphrase: str | None = None) -> list[str]:
    """Return the paths of the private keys in a folder that can be read; see `usable_keys`."""
    with _refusing():
        paths: list[str] = untrusted(usable_keys(plain(folder), Files(plain(passphrase) or None, keys_are_used=True)))
    return paths


def rotation_sources(
    settings: Record,
    mails: Sequence[Record | None],
    store: Records | None = None,
    approved: Record | None = None,
    options: Mapping[str, Option] | None = None,
) -> dict[str, t.Any]:
    """Return what sources hold, and which of it to import.

    It is one filter, since what passes from task to task through Ansible's variables takes longer than the decision.

    Args:
        settings: the role's variables.
        mails: for each source of mail what `ssl_fulfillment_email_info` returned.
        store: all records of the store; `None` if they could not be listed, so that nothing is chosen.
        approved: what a preview showed, if the run is limited to that; see `approved_imports`.
        options: all variables, as `_role_options` returns them: messages name these.

    Returns:
        What can be used, `entries`, if the run writes a report; what cannot, `skipped`; `warnings`; and of the entries those to import, `chosen`, with their
        certificates, and the others with the reason, `left`.
    """
    warnings: list[str] = []
    passphrase, roots = (plain(settings.get(name)) for name in ("privatekey_passphrase", "trusted_ca_path"))
    at = now()
    with _refusing():
        read = read_sources(
            plain(settings.get("sources") or ()),
            plain(mails),
            passphrase or None,
            os.path.expanduser(roots) if roots is not None else None,
            at,
            warnings.append,
        )
    words = words_of_role(plain(options or {}), "ssl_rotation_")
    for name, records in (("trust_message", read.entries), ("message", read.skipped)):
        for record in records:
            record[name] = record[name] and words(record[name])
    choice = Choice((), ())
    useless: Records = read.skipped
    if store is not None:
        known = [{name: plain(record[name]) for name in OF_RECORDS} for record in store]
        useless = without_replaced(useless, known, at)
        wishes = Wishes(plain(settings.get("common_names")), settings["import_new"], settings["trust"] == "require")
        choice = choose(read.entries, known, wishes, at)
    if approved is not None:
        choice = approved_imports(choice, plain(approved))
    found: dict[str, t.Any] = untrusted(
        {
            "entries": [without_texts(entry) for entry in read.entries] if "report" in steps(settings) else [],
            "skipped": useless,
            "warnings": warnings,
            "chosen": choice.chosen,
            "left": choice.skipped,
        }
    )
    return found


@contextmanager
def _refusing() -> Iterator[None]:
    """Report the collection's errors as Ansible's."""
    try:
        require_libraries(FOR_CERTIFICATES, "The role ssl_rotation", "on the controller")
        yield
    except CertificatesError as error:
        raise AnsibleFilterError(error.message) from None


class FilterModule:
    """Provides the filters by name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"_rotation_keys": rotation_keys, "_rotation_sources": rotation_sources}
