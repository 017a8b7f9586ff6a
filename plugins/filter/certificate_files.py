# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what the certificates of SSL orders can be imported from."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Iterable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.module_utils._names import IDNA_IMPORT_ERROR, file_stems
from ansible_collections.softlayer.certificates.plugins.module_utils._plan import why_not_imported

CERTIFICATE = (".crt",)
INTERMEDIATE = (".ca-bundle", ".chain.pem")
PRIVATE_KEY = (".key",)


def certificate_files(
    orders: Iterable[Mapping[str, t.Any]],
    certificate_dir: str | None,
    privatekey_dir: str,
    collected: Iterable[Mapping[str, t.Any]] | None = None,
) -> dict[str, list[dict[str, t.Any]]]:
    """Return the orders that can be imported, as options of C(ssl_certificate_import), and why the others cannot."""
    if IDNA_IMPORT_ERROR:
        raise AnsibleFilterError(
            "The filter certificate_files needs the Python library idna on the controller: pip install idna."
        )
    if (certificate_dir is None) == (collected is None):
        raise AnsibleFilterError("certificate_files: Give certificate_dir, or collected and none for certificate_dir.")
    for folder in (certificate_dir, privatekey_dir):
        if folder is not None and not os.path.isdir(os.path.expanduser(folder)):
            raise AnsibleFilterError(
                f"There is no folder {folder} on the controller to look for certificates or keys in."
            )
    mailed = None if collected is None else {found["order_id"]: found for found in collected}
    ready, skipped = [], []
    for order in orders:
        stems = file_stems(order["common_name"] or "")
        if mailed is None:
            certificate = {
                "certificate_path": _find(t.cast(str, certificate_dir), stems, CERTIFICATE),
                "intermediate_path": _find(t.cast(str, certificate_dir), stems, INTERMEDIATE),
            }
        else:
            found = mailed.get(order["id"], {})
            certificate = {
                "certificate_content": found.get("certificate"),
                "intermediate_content": found.get("intermediate_certificate"),
            }
        private_key = _find(privatekey_dir, stems, PRIVATE_KEY)
        days = order["days_until_expiry"]
        why_not = why_not_imported(
            order["status"],
            expired=days is not None and days < 0,
            imported=bool(order.get("certificate_ids")),
            has_certificate=any(certificate.values()),
            has_key=private_key is not None,
            by_email=mailed is not None,
        )
        if why_not:
            reason, message = why_not
            name = order["common_name"]
            skipped.append({"order_id": order["id"], "common_name": name, "reason": reason, "message": message})
        else:
            ready.append({"order_id": order["id"], **certificate, "privatekey_path": private_key})
    return {"ready": ready, "skipped": skipped}


def _find(folder: str, stems: Iterable[str], endings: Iterable[str]) -> str | None:
    """Return the path of the first of these files that exists."""
    paths = (
        os.path.join(os.path.abspath(os.path.expanduser(folder)), stem + ending) for stem in stems for ending in endings
    )
    return next((path for path in paths if os.path.isfile(path)), None)


class FilterModule:
    """The filter under its name."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"certificate_files": certificate_files}
