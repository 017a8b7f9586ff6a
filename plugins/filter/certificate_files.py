# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find what the certificates of SSL orders can be imported from."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Iterable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._files import read_file
from ansible_collections.softlayer.certificates.plugins.module_utils._names import IDNA_IMPORT_ERROR, file_stems
from ansible_collections.softlayer.certificates.plugins.module_utils._plan import why_not_imported
from ansible_collections.softlayer.certificates.plugins.module_utils._times import now
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import (
    CRYPTOGRAPHY_IMPORT_ERROR,
    as_bytes,
    order_chain,
    pem_bundle,
    read_certificates,
)

CERTIFICATE = (".crt",)
INTERMEDIATE = (".ca-bundle", ".chain.pem")
PRIVATE_KEY = (".key",)


def certificate_files(
    orders: Iterable[Mapping[str, t.Any]],
    certificate_dir: str | None,
    privatekey_dir: str,
    collected: Iterable[Mapping[str, t.Any]] | None = None,
    intermediate_path: str | None = None,
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
    mailed = None if collected is None else _with_chains(list(collected), intermediate_path)
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
            has_certificate=(certificate.get("certificate_path") or certificate.get("certificate_content")) is not None,
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


def _with_chains(
    collected: Iterable[Mapping[str, t.Any]], intermediate_path: str | None
) -> dict[int, Mapping[str, t.Any]]:
    """Return by order id what was found in emails; where an email lacks the chain, it is built of what the others have.

    What issued a certificate is told by its signature, so it does not matter where it comes from.
    """
    if CRYPTOGRAPHY_IMPORT_ERROR:
        raise AnsibleFilterError(
            "The filter certificate_files needs the Python library cryptography on the controller: pip install cryptography."
        )
    try:
        issuers = read_certificates(read_file(os.path.expanduser(intermediate_path))) if intermediate_path else []
        for found in collected:
            issuers += read_certificates(as_bytes(found["intermediate_certificate"] or ""))
        complete = {}
        for found in collected:
            chain = found["intermediate_certificate"]
            if not chain:
                leaf = read_certificates(as_bytes(found["certificate"]))[0]
                chain = pem_bundle(order_chain(leaf, issuers, now())) or None
            complete[found["order_id"]] = {**found, "intermediate_certificate": chain}
    except CertificatesError as error:
        raise AnsibleFilterError(f"certificate_files: {error.message}") from None
    return complete


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
