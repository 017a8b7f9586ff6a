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
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._forms import plain
from ansible_collections.softlayer.certificates.plugins.module_utils._libraries import (
    FOR_CERTIFICATES,
    require_libraries,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._run.sources import read_sources
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.reading import Files
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import usable_keys
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now

Record = Mapping[str, t.Any]


def rotation_keys(folder: str, passphrase: str | None = None) -> list[str]:
    """Return the paths of the private keys in a folder that can be read; see `usable_keys`."""
    with _refusing():
        paths: list[str] = wrap_var(usable_keys(plain(folder), Files(plain(passphrase) or None, keys_are_used=True)))
    return paths


def rotation_sources(
    sources: Sequence[Record],
    mails: Sequence[Record | None],
    passphrase: str | None = None,
    trusted_ca_path: str | None = None,
) -> dict[str, t.Any]:
    """Return the certificates of sources that can be used, what cannot be used, and warnings; see `read_sources`."""
    warnings: list[str] = []
    roots = os.path.expanduser(plain(trusted_ca_path)) if trusted_ca_path is not None else None
    with _refusing():
        read = read_sources(plain(sources), plain(mails), plain(passphrase) or None, roots, now(), warnings.append)
    found: dict[str, t.Any] = wrap_var({"entries": read.entries, "skipped": read.skipped, "warnings": warnings})
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
