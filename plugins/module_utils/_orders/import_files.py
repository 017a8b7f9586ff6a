# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Match SSL orders with certificates and private keys, and select the orders to import. Private to softlayer.certificates."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache

from .._base.codes import WaitingReason
from .._base.errors import CertificatesError, Obstacle
from .._base.files import make_absolute, read_file
from .._base.names import choose_record_name, encode_name, group_file_names, list_file_stems, normalize_file_name
from .._base.times import now, parse
from .._softlayer.orders import find_ineligibility
from .._softlayer.values import parse_number
from .._x509.bundle import read_bundle
from .._x509.certificate import Certificate, join_pem
from .._x509.chain import Anchors, Chains
from .._x509.pem import convert_to_bytes
from .._x509.read import read_certificates
from . import messages

Order = Mapping[str, t.Any]
CERTIFICATE_SUFFIXES = (".crt",)
INTERMEDIATE_SUFFIXES = (".ca-bundle", ".chain.pem")
KEY_SUFFIXES = (".key",)
WAITING_REASONS: Mapping[tuple[str, ...], tuple[WaitingReason, str]] = {
    CERTIFICATE_SUFFIXES: ("waiting_for_certificate", "certificate"),
    INTERMEDIATE_SUFFIXES: ("waiting_for_certificate", "certificate's chain"),
    KEY_SUFFIXES: ("waiting_for_key", "private key"),
}
"""Reason and description for a missing file, by file name suffixes."""
MODULE_RECORDS = {
    "orders": ("the orders that ssl_order_info returned", {"id", "common_name", "status"}),
    "collected": (
        "the certificates that ssl_fulfillment_email_info returned",
        {"order_id", "common_name", "certificate", "intermediate_certificate", "public_key_sha256"},
    ),
    "store": ("the certificates that ssl_certificate_info returned", {"id"}),
    "emails": ("the emails that ssl_fulfillment_email returned", {"order_id"}),
    "missing": ("the missing list that ssl_fulfillment_email_info returned", {"order_id"}),
    "skipped": ("the list of the same name in ssl_fulfillment_result", set[str]()),
    "failed": ("the list of the same name in ssl_fulfillment_result", set[str]()),
}
"""Description and required keys of a part of another module's result, by parameter name."""


def parse_records(name: str, given: t.Any) -> list[Order]:
    """Return the records from another module's result; an empty list for null.

    Args:
        name: see `MODULE_RECORDS`.
        given: the list.

    Raises:
        CertificatesError: `invalid_argument`.
    """
    what, keys = MODULE_RECORDS[name]
    records = list(given) if isinstance(given, Iterable) else [] if given is None else [given]
    if not all(isinstance(record, Mapping) and keys <= record.keys() for record in records):
        needed = f" with {', '.join(sorted(keys))}" if keys else ""
        said = f"{name} must be a list of dicts{needed}. Set {name} to {what}."
        raise CertificatesError("invalid_argument", said)
    return records


def find_certificate_files(
    orders: Iterable[Order] | None,
    certificate_dir: str | None,
    privatekey_dir: str,
    collected: Iterable[Order] | None = None,
    issuers: Sequence[Certificate] = (),
    privatekey_passphrase: str | None = None,
    *,
    force: bool = False,
) -> dict[str, list[dict[str, t.Any]]]:
    """Return the options of `ssl_certificate_import` for the orders to import, and the reasons why the other orders are skipped.

    Args:
        orders: the result of `ssl_order_info`; `None` selects all certificates in `collected`, with or without an order.
        certificate_dir: the directory with certificates, unless the certificates come from emails.
        privatekey_dir: the directory with private keys.
        collected: the certificates from emails, in the result of `ssl_fulfillment_email_info`.
        issuers: intermediate certificates to complete the chains.
        privatekey_passphrase: the passphrase of the private keys.
        force: whether to ignore newer certificates in the store.

    Raises:
        CertificatesError: `not_found` for a directory; as `parse_records`.
    """
    for folder in (certificate_dir, privatekey_dir):
        if folder is not None and not os.path.isdir(os.path.expanduser(folder)):
            raise CertificatesError(
                "not_found",
                f"Cannot find certificates and private keys: the directory {folder} does not exist on this host. Create the directory, or correct the path.",
            )
    mailed = None if collected is None else _complete_chains(parse_records("collected", collected), issuers)
    pairs = _assign_emails(None if orders is None else parse_records("orders", orders), mailed or ())
    files = _OrderFiles([order for order, _found in pairs], privatekey_passphrase)
    places = {
        "waiting_for_certificate": (certificate_dir, CERTIFICATE_SUFFIXES),
        "waiting_for_key": (privatekey_dir, KEY_SUFFIXES),
    }
    ready, skipped, at = [], [], now()
    for order, found in pairs:
        unclear: list[Obstacle[WaitingReason]] = []
        if mailed is None:
            certificate = files.find_certificate(order, t.cast(str, certificate_dir), issuers, unclear)
        else:
            certificate = {
                "certificate_content": found.get("certificate"),
                "intermediate_content": found.get("intermediate_certificate"),
            }
        private_key = files.find_file(order, privatekey_dir, KEY_SUFFIXES, unclear)
        has_certificate = (certificate.get("certificate_path") or certificate.get("certificate_content")) is not None
        has_key, by_email = private_key is not None, mailed is not None
        why = why_import_blocked(
            order, at, has_certificate=has_certificate, has_key=has_key, by_email=by_email, force=force
        )
        needs_attention = False
        if unclear and (why is None or why.reason in places):
            why, needs_attention = unclear[0], True
        elif why is None and files.is_for_another(order, certificate, t.cast(str, private_key)):
            why, needs_attention = Obstacle("waiting_for_key", {"other_key": private_key}), True
        elif why and why.reason in places:
            why = Obstacle(why.reason, files.find_expected_path(order, *places[why.reason]))
        if why:
            names = {"common_name": order["common_name"], "subject_alt_names": order.get("subject_alt_names") or []}
            said = {"reason": why.reason, "message": messages.describe_waiting(why), "needs_attention": needs_attention}
            skipped.append({"order_id": order["id"], **names, **said})
        else:
            ready.append({"order_id": order["id"], **certificate, "privatekey_path": private_key})
    return {"ready": ready, "skipped": skipped}


def _assign_emails(orders: Sequence[Order] | None, mailed: Sequence[Order]) -> list[tuple[Order, Order]]:
    """Return pairs of an order and its certificate from an email (empty if missing), with an order for each certificate if `orders` is `None`."""
    if orders is None:
        of_mail = {"status": "approved", "expires_at": None}
        return [({**found, "id": found.get("order_id"), **of_mail}, found) for found in mailed]
    by_age = sorted(mailed, key=lambda found: found.get("not_before") or "")
    found_for = {found.get("order_id"): found for found in by_age}  # the newest, if there are several mailboxes
    pairs: list[tuple[Order, Order]] = []
    for order in ({**order, "id": parse_number(order["id"])} for order in orders):
        found = found_for.get(order["id"], {})  # an order without a name has the names of its certificate
        lacking = () if choose_record_name(order) else ("common_name", "subject_alt_names")
        pairs.append(({**order, **{name: found[name] for name in lacking if name in found}}, found))
    return pairs


def _complete_chains(collected: Sequence[Order], known: Sequence[Certificate]) -> list[Order]:
    """Return each certificate from emails once. If an email has no chain, build the chain from the certificates in other emails.

    The signature proves the issuer, so the source of an issuer does not matter.
    """
    issuers = list(known)
    for found in collected:
        issuers += read_certificates(convert_to_bytes(found["intermediate_certificate"] or ""))
    distinct = {(found.get("order_id"), found["certificate"]): found for found in collected}
    return [
        {
            **found,
            "intermediate_certificate": found["intermediate_certificate"]
            or _build_chain(convert_to_bytes(found["certificate"]), issuers),
        }
        for found in distinct.values()
    ]


def _build_chain(certificate: bytes, issuers: Sequence[Certificate]) -> str | None:
    """Return the chain of a certificate as PEM, as far as the issuers are known, or `None` if the first issuer is unknown."""
    pile = read_certificates(certificate)
    leaf = next((certificate for certificate in pile if not certificate.can_issue), None)
    return join_pem(Chains([*pile, *issuers], Anchors(), now()).build(leaf).issuers) or None if leaf else None


class _OrderFiles:
    """The files named after orders. Orders with the same name, for example after a renewal, have separate files."""

    def __init__(self, orders: Iterable[Order], passphrase: str | None) -> None:
        self._namesakes: dict[str, list[Order]] = {}
        for order in orders:
            self._namesakes.setdefault(encode_name(choose_record_name(order) or ""), []).append(order)
        self._read_public_keys = cache(lambda path: _read_public_keys(lambda: read_file(path), passphrase))
        self._list_file_names = cache(_list_file_names)

    def find_certificate(
        self, order: Order, folder: str, issuers: Sequence[Certificate], unclear: list[Obstacle[WaitingReason]]
    ) -> dict[str, str | None]:
        """Return the paths of an order's certificate and chain, as options of `ssl_certificate_import`; see `find_file`."""
        path, chain_path = (
            self.find_file(order, folder, endings, unclear) for endings in (CERTIFICATE_SUFFIXES, INTERMEDIATE_SUFFIXES)
        )
        if not path or chain_path or not issuers:
            return {"certificate_path": path, "intermediate_path": chain_path}
        chain = None
        with suppress(CertificatesError):  # the import reports the error
            chain = _build_chain(read_file(path), issuers)
        return {"certificate_path": path, "intermediate_content": chain}

    def find_file(
        self, order: Order, folder: str, endings: tuple[str, ...], unclear: list[Obstacle[WaitingReason]]
    ) -> str | None:
        """Return the path of an order's file, or `None` without a match or if the file belongs to another order.

        Args:
            order: the order.
            folder: the directory to search.
            endings: suffixes of the file name, in order of preference.
            unclear: receives the reason if several files match.
        """
        name, key = choose_record_name(order), order.get("public_key_sha256")
        paths = self._find_paths(name, folder, endings)
        if len(paths) > 1:
            reason, what = WAITING_REASONS[endings]
            files, file_name = (
                [os.path.basename(path) for path in paths],
                list_file_stems(t.cast(str, name))[0] + endings[0],
            )
            facts = {"what": what, "files": files, "folder": folder, "file_name": file_name}
            unclear.append(Obstacle(reason, facts))
            return None
        path = next(iter(paths), None)
        namesakes = self._namesakes[encode_name(name or "")]
        if path and len(namesakes) > 1 and key not in {None, *self._read_public_keys(path)}:
            is_of_another = any(other.get("public_key_sha256") in self._read_public_keys(path) for other in namesakes)
            return None if is_of_another else path
        return path

    def find_expected_path(self, order: Order, folder: str | None, endings: tuple[str, ...]) -> dict[str, str | None]:
        """Return the expected `path` of an order's file, `None` if the order has no name; an empty dict if the file exists but belongs to another order."""
        name = choose_record_name(order)
        if folder is None or self._find_paths(name, folder, endings):
            return {}
        return {"path": os.path.join(folder, list_file_stems(name)[0] + endings[0]) if name else None}

    def _find_paths(self, name: str | None, folder: str, endings: Iterable[str]) -> list[str]:
        """Return the paths of the files for a name: one path for an exact match, or else all files with a similar spelling."""
        root, names = make_absolute(folder), self._list_file_names(folder)
        exact = [stem + ending for stem in list_file_stems(name) for ending in endings] if name else []
        alike = (
            exact if names is None else [other for file in exact for other in names.get(normalize_file_name(file), ())]
        )
        there = [file for file in dict.fromkeys(alike) if os.path.exists(os.path.join(root, file))]
        chosen = [file for file in exact if file in there][:1]
        for ending in endings:
            chosen = chosen or [file for file in there if normalize_file_name(file).endswith(ending)]
        return [os.path.join(root, file) for file in chosen]

    def is_for_another(self, order: Order, certificate: Mapping[str, t.Any], private_key: str) -> bool:
        """Return whether the certificate belongs to an order, but the readable key does not.

        The reason is usually the key of a renewal, also of an order that is not selected. If neither the certificate nor the key belongs to the
        order, for example after a reissue with another key, the import reports the error.
        """
        wanted = order.get("public_key_sha256")
        path, content = certificate.get("certificate_path"), certificate.get("certificate_content")
        issued_for = (
            self._read_public_keys(path) if path else _read_public_keys(lambda: convert_to_bytes(content), None)
        )
        return wanted in issued_for and wanted not in (self._read_public_keys(private_key) or {wanted})


def _list_file_names(folder: str) -> dict[str, list[str]] | None:
    """Return the file names in a directory by normalized spelling; `None` if the directory cannot be listed, so that only exact names match."""
    with suppress(OSError):
        return group_file_names(os.listdir(make_absolute(folder)))
    return None


def _read_public_keys(read: Callable[[], bytes], passphrase: str | None) -> frozenset[str]:
    """Return the SHA-256 of the public keys in a file; an empty set if the file cannot be read, because the import reports the error."""
    with suppress(CertificatesError):
        there = read_bundle(read(), "any", passphrase)
        keys = frozenset(certificate.public_key_sha256 for certificate in there.certificates)
        return keys or frozenset({there.key.public_key_sha256} if there.key else ())
    return frozenset()


def why_import_blocked(
    order: Mapping[str, t.Any], at: datetime, *, has_certificate: bool, has_key: bool, by_email: bool, force: bool
) -> Obstacle[WaitingReason] | None:
    """Return the reason why an order's certificate cannot be imported now, or `None`."""
    if reason := find_ineligibility(order["status"], parse(order.get("expires_at")), at):
        return Obstacle(reason)
    if not has_certificate and order.get("imported"):
        return Obstacle("already_imported")
    if order.get("superseded_by") and not force:
        return Obstacle("superseded", {"certificate_ids": order["superseded_by"]})
    if not has_certificate:
        return Obstacle("waiting_for_email" if by_email else "waiting_for_certificate")
    return None if has_key else Obstacle("waiting_for_key")
