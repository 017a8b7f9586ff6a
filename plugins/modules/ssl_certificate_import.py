#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put certificates into, or take them out of, the account's certificate store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_import
short_description: Put certificates into, or take them out of, the certificate store
version_added: 1.0.0
description:
  - Imports certificates, with their private keys and intermediate certificates, into the certificate store of a SoftLayer (IBM Cloud
    Classic Infrastructure) account, from where load balancers use them by id. The certificates may come from any certificate authority.
  - All that can be checked locally is checked first, in check mode as well. Nothing is stored that does not fit together.
  - A certificate is recognised by its DER encoding, so the same one in another encoding or with other line ends is not imported again.
    With one of the store that cannot be read nothing is compared; a warning names it.
  - Runs at the same time, for several hosts, from several controllers, store a certificate once; see O(ledger_url).
  - One certificate is given by the options at top level, several by O(certificates). One that fails does not keep the others
    from being imported; the module then fails at its end, and its result tells of each.
  - Right before a record is deleted it is read once more. It is kept if a service uses it by now, or if it has been given another certificate.
author:
  - softlayer.certificates contributors (!UNKNOWN)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.ledger
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.action_group
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows public facts only, never a key.
  idempotent:
    support: full
options:
  certificates:
    description:
      - Several certificates, each with the options that one has at top level. It excludes those. None if it is empty or null.
      - One login and one listing of the store serve all of them.
    type: list
    elements: dict
    suboptions: &one_certificate
      state:
        description:
          - Whether the certificate is to be in the store or not.
        type: str
        choices: [present, absent]
        default: present
      certificate_path:
        description:
          - Path of a file with the certificate, and possibly its chain, as PEM, DER or PKCS#7.
          - PEM may have CRLF line ends, indentation and text around it; the certificates in it may stand in any order.
        type: path
      certificate_content:
        description:
          - The certificate, and possibly its chain, as PEM text.
        type: str
      privatekey_path:
        description:
          - Path of a file with the private key as PEM or DER, PKCS#8 or traditional.
        type: path
      privatekey_content:
        description:
          - The private key as PEM text.
        type: str
      privatekey_passphrase:
        description:
          - Passphrase of the private key. The key is decrypted locally, as the store takes none with a passphrase. It does no harm
            if the key has none.
        type: str
      intermediate_path:
        description:
          - Path of a file with the intermediate certificates as PEM, DER or PKCS#7. They are put in order, and a root is left out.
        type: path
      intermediate_content:
        description:
          - The intermediate certificates as PEM text.
        type: str
      csr_path:
        description:
          - Path of a file with the certificate signing request. It must be for the certificate's public key, and is stored beside it.
        type: path
      csr_content:
        description:
          - The certificate signing request as PEM text.
        type: str
      pkcs12_path:
        description:
          - Path of a PKCS#12 file with certificate, private key and chain, instead of giving them one by one.
        type: path
      pkcs12_passphrase:
        description:
          - Passphrase of the PKCS#12 file.
        type: str
      notes:
        description:
          - Notes to keep with the certificate. Those that are there stay as they are if this is not given. Line ends at their end
            do not count, and control characters are refused.
        type: str
      order_id:
        description:
          - Id of an SSL order. The certificate must carry the public key of that order's CSR.
        type: int
      certificate_id:
        description:
          - Id, in the store, of the certificate to delete.
        type: int
      fingerprint_sha256:
        description:
          - SHA-256 fingerprint of the certificate to delete, in hex, with or without colons.
        type: str
      common_name:
        description:
          - Common name of the certificate to delete. If the store has more than one with it nothing is deleted.
        type: str
      allow_expired:
        description:
          - Whether to import a certificate that has expired, or whose chain has.
        type: bool
        default: false
      verify_chain:
        description:
          - Whether to check that the intermediate certificates issued the certificate, and to put them in order. What the chain does not
            need, such as roots and expired cross-signed certificates beside a valid path, is left out with a warning.
        type: bool
        default: true
      remove_superseded:
        description:
          - Whether to delete older certificates once the new one is stored that has all of their names, the DNS names and the common name.
          - Only those are deleted that no service uses and that have the same organization and key type. A certificate that is not valid now
            takes nothing's place.
        type: bool
        default: false
      trust:
        description:
          - What to do about a certificate whose chain does not lead to a root that is trusted, with every signature and date right.
          - V(require) refuses it, V(warn) stores it with a warning, V(ignore) does not look.
        type: str
        choices: [require, warn, ignore]
        default: warn
      trusted_ca_path:
        description:
          - File, or folder of files, with the certificates that are trusted, as PEM. That need not be roots.
          - By default those of the machine are, where OpenSSL finds them (E(SSL_CERT_FILE), E(SSL_CERT_DIR), or the distribution's).
        type: path
  <<: *one_certificate
  concurrency:
    description:
      - How many API calls may be under way at the same time, V(1) to V(256).
    type: int
    default: 8
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger, in which a certificate is claimed before it is created, so that runs at the same time store it
        once. See O(softlayer.certificates.ssl_fulfillment_email#module:ledger_url); both modules use the same one.
      - Taken from the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL) if not given, else it is the file
        C(softlayer.certificates/ledger.sqlite3) under the user's state directory, E(XDG_STATE_HOME) or C(~/.local/state).
      - It is used only where something is to be created. Without it nothing is.
    type: str
"""

EXAMPLES = r"""
- name: Import a certificate from files
  softlayer.certificates.ssl_certificate_import:
    certificate_path: /etc/ssl/example.com.crt
    privatekey_path: /etc/ssl/private/example.com.key
    intermediate_path: /etc/ssl/example.com.ca-bundle
    notes: web frontend

- name: Import the certificate of an SSL order, and make sure that it is that order's
  softlayer.certificates.ssl_certificate_import:
    order_id: 1234
    certificate_content: "{{ lookup('ansible.builtin.file', 'www_example_com.pem') }}"
    privatekey_content: "{{ vault_www_example_com_key }}"
    privatekey_passphrase: "{{ vault_www_example_com_passphrase }}"
    intermediate_content: "{{ lookup('ansible.builtin.file', 'bundle.pem') }}"
    csr_path: www_example_com.csr
  no_log: true

- name: Import a renewed certificate and delete the older ones that nothing uses
  softlayer.certificates.ssl_certificate_import:
    pkcs12_path: renewed.p12
    pkcs12_passphrase: "{{ vault_pkcs12_passphrase }}"
    remove_superseded: true

- name: Import several certificates with one login and one listing of the store
  softlayer.certificates.ssl_certificate_import:
    certificates:
      - certificate_path: a.example.com.crt
        privatekey_path: a.example.com.key
      - certificate_path: b.example.com.crt
        privatekey_path: b.example.com.key
        csr_content: "{{ lookup('ansible.builtin.file', 'b.example.com.csr') }}"
        verify_chain: false
        allow_expired: true
        trust: ignore
    concurrency: 4

- name: Import a certificate of an authority of one's own, and no other
  softlayer.certificates.ssl_certificate_import:
    certificate_path: /etc/ssl/www.example.com.crt
    privatekey_path: /etc/ssl/private/www.example.com.key
    intermediate_path: /etc/ssl/www.example.com.ca-bundle
    trust: require
    trusted_ca_path: /etc/ssl/authority/root.pem

- name: Import a certificate from any of several controllers, which share a ledger
  softlayer.certificates.ssl_certificate_import:
    pkcs12_path: renewed.p12
    pkcs12_passphrase: "{{ vault_pkcs12_passphrase }}"
    ledger_url: "postgresql://certificates:{{ vault_ledger_password }}@db.example.com/certificates"

- name: Delete a certificate by its fingerprint
  softlayer.certificates.ssl_certificate_import:
    state: absent
    fingerprint_sha256: 5f:0c:2d:61:b0:3e:9c:f5:3e:8a:a7:11:0b:7c:34:c1:52:90:aa:77:e1:ce:28:4d:f9:7b:a4:b0:66:1d:02:9e

- name: Delete certificates by id and by common name
  softlayer.certificates.ssl_certificate_import:
    certificates:
      - state: absent
        certificate_id: 4711
      - state: absent
        common_name: old.example.com
"""

RETURN = r"""
certificates:
  description: What was done, or in check mode would be done, about each certificate, in the order in which they were given.
  returned: when the options could be read
  type: list
  elements: dict
  contains:
    id:
      description: Id in the store; null if it is not there, or in check mode not there yet.
      type: int
      sample: 4711
    common_name:
      description: The subject's common name.
      type: str
      sample: www.example.com
    fingerprint_sha256:
      description: SHA-256 of the DER encoding, in hex.
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    public_key_sha256:
      description: SHA-256 of the public key (SubjectPublicKeyInfo), in hex.
      type: str
      sample: 3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718
    serial_number:
      description: The serial number.
      type: int
      sample: 305419896
    not_before:
      description: Start of validity.
      type: str
      sample: "2026-02-01T00:00:00Z"
    not_after:
      description: End of validity.
      type: str
      sample: "2027-01-31T23:59:59Z"
    subject_alt_names:
      description: The subject alternative names.
      type: list
      elements: str
      sample: [www.example.com, example.com]
    key_type:
      description: Algorithm of the key.
      type: str
      sample: RSA
    key_size:
      description: Size of the key in bits.
      type: int
      sample: 2048
    trust:
      description:
        - V(trusted), its chain leads to a root that is trusted. V(incomplete), an issuer is missing. V(untrusted), all else.
        - Null if that was not looked at.
      type: str
      sample: trusted
    notes:
      description: The notes that stand with it in the store.
      type: str
      sample: web frontend
    order_id:
      description: The SSL order that it was checked against.
      type: int
      sample: 1234
    outcome:
      description:
        - V(imported), V(updated), V(unchanged), V(removed) or V(failed). In check mode, what the outcome would be.
      type: str
      sample: imported
    reason:
      description:
        - Null unless it failed.
        - V(invalid_pem), what was given does not parse.
        - V(key_mismatch), V(csr_mismatch) or V(order_mismatch), its public key is not that of the key, the CSR or the order.
        - V(chain_invalid), the intermediate certificates did not issue it, or there is no valid path through them.
        - V(untrusted) or V(chain_incomplete), with O(trust=require), its chain does not lead to a root that is trusted, or an issuer is missing.
        - V(expired) or V(not_yet_valid).
        - V(bad_passphrase), the key or the PKCS#12 file cannot be decrypted.
        - V(in_use), a service uses it, and the store does not allow the change; or it is to be deleted, and the API does not tell whether
          one uses it.
        - V(not_found), a file, the order or the record is not there.
        - V(ambiguous), more than one certificate was meant; or the record to delete has been given another one since it was listed.
        - V(refused), the store said no, is known to, or could not be read any more over XML-RPC with such O(notes) or names.
        - V(api_error), the API reported an error, or the ledger cannot be used; RV(certificates[].message) quotes it.
        - V(outcome_unknown), no answer came, or only that something went wrong, and it could not be found out whether the store took it.
          The next run waits until it cannot arrive any more, and looks again.
      type: str
      sample: key_mismatch
    superseded:
      description:
        - Certificates in the store that were issued before it and whose names, DNS names and common name, it has all, and those of the same
          common name. None if it is not valid now. Where one of them ends later, a warning says so.
      type: list
      elements: dict
      contains:
        id:
          description: Id in the store.
          type: int
          sample: 4001
        not_after:
          description: End of its validity.
          type: str
          sample: "2026-02-11T23:59:59Z"
        associated_service_count:
          description: Number of services that use it; null if the API does not tell it. Then it is not deleted.
          type: int
          sample: 0
        removed:
          description: Whether it was, or in check mode would be, deleted.
          type: bool
          sample: true
    message:
      description: The outcome in words.
      type: str
      sample: Imported.
certificate:
  description: The one entry of RV(certificates), if the certificate was given at top level.
  returned: when the options at top level were used
  type: dict
api_calls:
  description: Number of HTTP requests that were made.
  returned: when the options could be read
  type: int
  sample: 3
failure:
  description: What went wrong, for programs.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - Stable name of the failure, such as V(certificates_failed) or V(authentication_failed).
        - V(interrupted), the run was told to stop by a signal; what had begun was finished.
      type: str
      sample: certificates_failed
    message:
      description: The same sentence as C(msg).
      type: str
    details:
      description: What belongs to the case.
      type: dict
"""

import re
import typing as t
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ansible_collections.softlayer.certificates.plugins.module_utils import _store
from ansible_collections.softlayer.certificates.plugins.module_utils._argspec import (
    IDENTITIES,
    SOURCES,
    ArgumentSpec,
    api_options,
    import_options,
    ledger_options,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._chain import Anchors
from ansible_collections.softlayer.certificates.plugins.module_utils._client import (
    MOST_CALLS_AT_ONCE,
    SOFTLAYER_IMPORT_ERROR,
    Client,
    check_ids,
    connect,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._creates import Creator
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._faults import NOT_FOUND_ADVICE
from ansible_collections.softlayer.certificates.plugins.module_utils._files import read_file
from ansible_collections.softlayer.certificates.plugins.module_utils._module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._orders import Order, fetch_orders
from ansible_collections.softlayer.certificates.plugins.module_utils._place import SQLALCHEMY_IMPORT_ERROR, find_place
from ansible_collections.softlayer.certificates.plugins.module_utils._plan import (
    Content,
    ImportWishes,
    Material,
    Step,
    Superseded,
    assemble,
    check_deletion,
    check_order,
    failed,
    mark_repeated,
    plain_fingerprint,
    plan_absent,
    plan_found,
    plan_present,
    predicted,
    presumed_leaf,
    spare_what_is_wanted,
    warnings_of_shorter_terms,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._roots import trusted_roots
from ansible_collections.softlayer.certificates.plugins.module_utils._text import some_of
from ansible_collections.softlayer.certificates.plugins.module_utils._times import iso, now
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import (
    CRYPTOGRAPHY_IMPORT_ERROR,
    Certificate,
    key_texts,
)

SPEC = (
    api_options()
    + import_options()
    + ledger_options()
    + ArgumentSpec(options={"concurrency": {"type": "int", "default": 8}})
)
LIBRARIES = {
    "SoftLayer": SOFTLAYER_IMPORT_ERROR,
    "cryptography": CRYPTOGRAPHY_IMPORT_ERROR,
    "SQLAlchemy": SQLALCHEMY_IMPORT_ERROR,
}

Item = dict[str, t.Any]
"""The options of one certificate."""


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params = module.params
    many = params["certificates"]
    items: list[Item] = [params] if many is None else many
    check_params(module)
    for position, item in enumerate(items):
        check_combination(item, "" if many is None else f"Item {position}: ")
    order_ids = sorted({item["order_id"] for item in items if item["order_id"] is not None})
    check_ids("order_id", order_ids)
    if params["ledger_url"]:
        find_place(params["ledger_url"])
    checked = [check(item, module) for item in items]  # before that a signal ends the run, as nothing has begun
    client = connect(module, params["concurrency"], module.stop_on_signals())
    steps = (
        plan(client, items, checked, order_ids)
        if any(not isinstance(found, Step) for found in checked)
        else t.cast("list[Step]", checked)
    )
    steps = refuse_creates_without_a_place(steps, params["ledger_url"])
    for step in steps:
        for warning in (*step.warnings, *warnings_of_shorter_terms(step)):
            module.warn(f"{step.common_name or (step.certificate and step.certificate.common_name)}: {warning}")
    planned = [predicted(step) for step in steps]
    done = planned if module.check_mode else carry_out(client, steps, params["ledger_url"])
    return as_result(planned, done, client, single=many is None)


def check_params(module: Module) -> None:
    """Refuse what the argument specification cannot."""
    if not 1 <= module.params["concurrency"] <= MOST_CALLS_AT_ONCE:
        raise CertificatesError("invalid_argument", f"concurrency must be from 1 to {MOST_CALLS_AT_ONCE}.")
    misplaced = sorted(module.given & {"state", "allow_expired", "verify_chain", "remove_superseded", "trust"})
    if module.params["certificates"] is not None and misplaced:
        raise CertificatesError(
            "invalid_argument", f"With certificates, give {', '.join(misplaced)} inside its entries, not beside them."
        )


def check_combination(item: Item, which: str) -> None:
    """Refuse a certificate without its private key, or one to delete without a name."""
    wanted = IDENTITIES if item["state"] == "absent" else SOURCES
    if all(item[name] is None for name in wanted):
        raise CertificatesError("invalid_argument", f"{which}state {item['state']} needs one of {', '.join(wanted)}.")
    if item["state"] == "absent":
        if any(item[name] is not None and not is_given(item[name]) for name in wanted):
            raise CertificatesError("invalid_argument", f"{which}an empty {' or '.join(wanted)} names no certificate.")
        fingerprint = item["fingerprint_sha256"]
        if fingerprint is not None and not SHA256.fullmatch(plain_fingerprint(fingerprint)):
            raise CertificatesError(
                "invalid_argument", f"{which}fingerprint_sha256 must be 64 hex digits; colons between them are allowed."
            )
    elif all(item[name] is None for name in ("privatekey_path", "privatekey_content", "pkcs12_path")):
        raise CertificatesError(
            "invalid_argument",
            f"{which}the store takes no certificate without its private key: give privatekey_path or privatekey_content.",
        )


SHA256 = re.compile(r"[0-9a-f]{64}")


def is_given(value: object) -> bool:
    """Return whether an option names something; an empty name names nothing."""
    return value is not None and str(value).strip(" .") != ""


@dataclass(frozen=True)
class Orders:
    """The orders that certificates are to be checked against, or why they could not be read."""

    by_id: dict[int, Order]
    error: CertificatesError | None = None


Planner = Callable[[Sequence[_store.Stored], Orders], Step]
"""Makes a plan for one certificate of the facts that only the API has."""


def check(item: Item, module: Module) -> Step | Planner:
    """Check one certificate as far as that goes without the API."""
    if item["state"] == "absent":
        return lambda stored, _orders: plan_absent(
            stored, item["certificate_id"], item["fingerprint_sha256"], item["common_name"]
        )
    wishes = ImportWishes(item["allow_expired"], item["verify_chain"], item["remove_superseded"], item["trust"])
    order_id = item["order_id"]
    known = Step("failed", "", order_id=order_id, notes=item["notes"])
    try:
        material = read_material(item)
        module.no_log_values.update(key_texts(material.private_key or b""))
        known = replace(known, certificate=presumed_leaf(material))
        content, warnings = assemble(material, wishes, now(), anchors_for(item, module))
    except CertificatesError as error:
        return failed(error, known)
    module.no_log_values.add(content.private_key_pem.strip())

    def plan_one(stored: Sequence[_store.Stored], orders: Orders) -> Step:
        try:
            if order_id is not None and orders.error:
                raise as_reason(orders.error)
            if order_id is not None:
                check_order(content, orders.by_id.get(order_id), order_id)
        except CertificatesError as error:
            return failed(error, replace(known, certificate=content.certificate))
        return replace(plan_present(content, stored, wishes, order_id, now()), warnings=warnings)

    return plan_one


def anchors_for(item: Item, module: Module) -> Anchors | None:
    """Return what is trusted, C(None) where that is not asked, or only a warning hangs on it and the machine has nothing of the kind."""
    if item["trust"] == "ignore":
        return None
    try:
        return trusted_roots(item["trusted_ca_path"])
    except CertificatesError as error:
        if item["trust"] == "require" or item["trusted_ca_path"] is not None:
            raise
        module.warn(f"Whether certificates can be trusted was not looked at. {error.message}")
        return None


def read_material(item: Item) -> Material:
    """Return what was given for one certificate, with the files read."""

    def given(name: str) -> bytes | None:
        if item[f"{name}_content"] is not None:
            return t.cast(str, item[f"{name}_content"]).encode("utf-8", "replace")
        return read_file(item[f"{name}_path"]) if item[f"{name}_path"] is not None else None

    return Material(
        certificate=given("certificate"),
        private_key=given("privatekey"),
        privatekey_passphrase=item["privatekey_passphrase"],
        intermediate=given("intermediate"),
        request=given("csr"),
        key_store=read_file(item["pkcs12_path"]) if item["pkcs12_path"] is not None else None,
        key_store_passphrase=item["pkcs12_passphrase"],
        notes=item["notes"],
        paths={
            part: item[f"{part}_path"]
            for part in ("certificate", "privatekey", "intermediate", "csr", "pkcs12")
            if item[f"{part}_path"] is not None
        },
    )


def plan(
    client: Client, items: Sequence[Item], checked: Sequence[Step | Planner], order_ids: Sequence[int]
) -> list[Step]:
    """Read the orders and the store, once for all, and return what is to be done about each certificate."""
    orders = read_orders(client, order_ids)
    stored = _store.fetch_stored(client)
    if any(item["state"] == "present" or item["fingerprint_sha256"] is not None for item in items):
        _store.warn_of_unreadable(client, stored)
    steps = mark_repeated([found if isinstance(found, Step) else found(stored, orders) for found in checked])
    return [name_services(client, step) for step in spare_what_is_wanted(steps)]


def name_services(client: Client, step: Step) -> Step:
    """Say of a certificate in use what uses it."""
    services = _store.fetch_services(client, step.id) if step.reason == "in_use" and step.id is not None else []
    return replace(step, message=f"{step.message} It is used by: {', '.join(services)}.") if services else step


def read_orders(client: Client, order_ids: Sequence[int]) -> Orders:
    """Return the orders; that they cannot be read concerns only the certificates that are checked against one."""
    try:
        found = fetch_orders(client, client.account_id(), order_ids) if order_ids else []
        return Orders({order.id: order for order in found})
    except CertificatesError as error:
        return Orders({}, error)


def refuse_creates_without_a_place(steps: Sequence[Step], ledger_url: str | None) -> list[Step]:
    """Let what is to be created fail where the ledger cannot be, in check mode as well."""
    try:
        if any(step.outcome == "imported" for step in steps):
            find_place(ledger_url)
    except CertificatesError as error:
        return [failed(as_reason(error), step) if step.outcome == "imported" else step for step in steps]
    return list(steps)


def carry_out(client: Client, steps: Sequence[Step], ledger_url: str | None) -> list[Step]:
    """Carry out a plan, several certificates at the same time; what fails hides nothing of the others."""
    new = [step.content.certificate for step in steps if step.outcome == "imported" and step.content]
    creator = Creator(client, ledger_url, new)
    try:
        done = client.each(lambda step: carry_out_one(client, creator, step), steps)
    finally:
        creator.close()
    return [step if step.same_as is None else repeated(step, done[step.same_as]) for step in done]


def repeated(step: Step, first: Step) -> Step:
    """Return the step of a certificate that was given before."""
    if first.outcome == "failed":
        return replace(step, outcome="failed", reason=first.reason, message=first.message)
    return replace(step, id=first.id)


def carry_out_one(client: Client, creator: Creator, step: Step) -> Step:
    """Carry out what is planned for one certificate."""
    try:
        if step.outcome == "imported":
            step = create(creator, step)
        if step.outcome == "updated":
            edit(client, step)
        elif step.outcome == "removed":
            remove(client, t.cast(int, step.id), step.certificate)
    except CertificatesError as error:
        return name_services(client, failed(as_reason(error), step))
    return replace(
        step,
        superseded=tuple(replace(old, removed=old.remove and was_removed(client, old)) for old in step.superseded),
    )


def create(creator: Creator, step: Step) -> Step:
    """Store a certificate; where another run was faster, plan what is left to do about its record."""
    content = t.cast(Content, step.content)
    created = creator.create(content.certificate, content.as_template())
    return replace(step, id=created) if isinstance(created, int) else plan_found(step, created, now())


def edit(client: Client, step: Step) -> None:
    """Change a record; after an answer that says nothing the record is read before anything is said."""
    identifier = t.cast(int, step.id)
    try:
        _store.edit(client, identifier, step.changes)
    except CertificatesError as error:
        if error.code != "no_answer" or not is_edited(client, identifier, step):
            raise


def is_edited(client: Client, identifier: int, step: Step) -> bool:
    """Return whether a record is known to be as it is wanted."""
    with suppress(CertificatesError):
        record = _store.fetch_one(client, identifier)
        return record is not None and not t.cast(Content, step.content).changes_to(record)
    return False


def remove(client: Client, identifier: int, listed: Certificate | None) -> None:
    """Delete a record, unless it is another one than was listed, or in use, by now.

    That another run was faster is as good, that the user may not is not.
    """
    try:
        check_deletion(read_again(client, identifier), listed)
        _store.delete(client, identifier)
    except CertificatesError as error:
        if error.code not in {"not_found", "no_answer"} or is_stored(client, identifier):
            raise


def read_again(client: Client, identifier: int) -> _store.Stored:
    """Return a record as it is now.

    Raises:
        CertificatesError: as C(_store.fetch_one); C(not_found), C(api_error) where no answer came, as nothing was changed.
    """
    try:
        record = _store.fetch_one(client, identifier)
    except CertificatesError as error:
        code = "api_error" if error.code == "no_answer" else error.code
        raise CertificatesError(code, f"{error.message} Nothing was deleted.", **error.details) from None
    if record is None:
        raise CertificatesError("not_found", f"Certificate {identifier} cannot be read any more. {NOT_FOUND_ADVICE}")
    return record


def is_stored(client: Client, identifier: int) -> bool:
    """Return whether the store holds a record, or may hold it."""
    with suppress(CertificatesError):
        return any(record.id == identifier for record in _store.fetch_stored(client))
    return True


def was_removed(client: Client, old: Superseded) -> bool:
    """Delete a superseded record and return whether it is gone; what came into use meanwhile, or was changed, is kept."""
    try:
        remove(client, old.id, old.certificate)
    except CertificatesError as error:
        client.warn(f"The certificate {old.id}, which is superseded, was not removed: {error.message}")
        return False
    return True


REASONS = {"refused", "not_found", "in_use", "ambiguous"}
"""Codes of failures that are reasons by themselves; all others are C(api_error)."""


def as_reason(error: CertificatesError) -> CertificatesError:
    """Return an error whose code is a reason of this module."""
    if error.code == "no_answer":
        message = f"{error.message} Run it again: it looks first what was done."
        return CertificatesError("outcome_unknown", message, **error.details)
    return CertificatesError(error.code if error.code in REASONS else "api_error", error.message, **error.details)


def as_result(planned: Sequence[Step], done: Sequence[Step], client: Client, *, single: bool) -> dict[str, t.Any]:
    """Return what the module returns, with C(failure) if a certificate failed."""
    certificates = [step.as_result() for step in done]
    result: dict[str, t.Any] = {
        "changed": any(step.changes_something for step in done),
        "certificates": certificates,
        "api_calls": client.api_calls,
        "diff": [as_diff(step) for step in map(as_shown, planned, done) if step.changes_something],
    }
    if single:
        result["certificate"] = certificates[0]
    failures = [(position, step) for position, step in enumerate(done) if step.outcome == "failed"]
    if failures:
        result["failure"] = as_failure(failures, len(done), stopped=client.stop.is_set())
    return result


def as_failure(failures: Sequence[tuple[int, Step]], count: int, *, stopped: bool) -> dict[str, t.Any]:
    """Return C(failure) for the certificates that failed."""
    _position, first = failures[0]
    if count == 1:
        return CertificatesError("interrupted" if stopped else t.cast(str, first.reason), first.message).as_failure()
    said = [f"item {position} ({name_of(step)}): {step.reason}: {step.message}" for position, step in failures]
    return CertificatesError(
        "interrupted" if stopped else "certificates_failed",
        f"{'The run was told to stop. ' if stopped else ''}{len(failures)} of {count} certificates failed: "
        f"{some_of(said, 5, '; ', '; ')}",
        items=[{"item": position, "reason": step.reason, "message": step.message} for position, step in failures],
    ).as_failure()


def name_of(step: Step) -> str:
    """Return what a certificate is called in messages."""
    return (step.certificate.common_name if step.certificate else step.common_name) or "unknown name"


def as_shown(planned: Step, done: Step) -> Step:
    """Return what the diff shows of a certificate: the plan, unless another run has stored it meanwhile."""
    return done if planned.outcome == "imported" and done.outcome in {"unchanged", "updated"} else planned


def as_diff(step: Step) -> dict[str, t.Any]:
    """Return the plan for one certificate as Ansible shows differences: public facts only."""
    public = (
        {"fingerprint_sha256": step.certificate.fingerprint_sha256, "not_after": iso(step.certificate.not_after)}
        if step.certificate
        else {}
    )
    known = {"id": step.id, "common_name": name_of(step), **public}
    before: dict[str, t.Any] = {} if step.outcome == "imported" else dict(known)
    after: dict[str, t.Any] = {} if step.outcome == "removed" else dict(known)
    if step.outcome in {"imported", "updated"}:
        after["state"] = step.message
    if "notes" in step.changes:
        before["notes"], after["notes"] = step.notes_before, step.notes
    removed = [old.id for old in step.superseded if old.removed]
    if removed:
        before["superseded"], after["superseded"] = removed, []
    return {"before_header": name_of(step), "after_header": name_of(step), "before": before, "after": after}


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, LIBRARIES)


if __name__ == "__main__":
    main()
