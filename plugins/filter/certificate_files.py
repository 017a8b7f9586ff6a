# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the files from which the certificates of SSL orders can be imported."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Iterable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.module_utils._orders import import_files as order_files
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.roots import read_known_issuers
from ansible_collections.softlayer.certificates.plugins.plugin_utils._filters import (
    hide_error_texts,
    require_certificate_libraries,
)

Record = Mapping[str, t.Any]


@hide_error_texts
def certificate_files(
    orders: Iterable[Record],
    certificate_dir: str | None,
    privatekey_dir: str,
    collected: Iterable[Record] | None = None,
    intermediate_path: str | None = None,
    privatekey_passphrase: str | None = None,
    force: bool = False,
) -> dict[str, list[dict[str, t.Any]]]:
    """Return the importable orders as options of `ssl_certificate_import`, and the reasons for all other orders."""
    require_certificate_libraries("The filter certificate_files")
    if (certificate_dir is None) == (collected is None):
        raise AnsibleFilterError(
            "certificate_files: Exactly one of certificate_dir and collected must be set. Set the other argument to none."
        )
    passphrase = None if privatekey_passphrase is None else str(privatekey_passphrase)
    issuers = read_known_issuers(os.path.expanduser(intermediate_path)) if intermediate_path else []
    return order_files.find_certificate_files(
        orders, certificate_dir, privatekey_dir, collected, issuers, passphrase, force=force
    )


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"certificate_files": certificate_files}
