# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All codes in results: failure codes, reasons, outcomes, and states. Private to softlayer.certificates.

Playbooks of users compare the codes, so the codes never change. The docstring of the first type that contains a code documents it as
`code: meaning | what to do`. `docs/reasons.py` generates the guide of reasons from these docstrings.
"""

from __future__ import annotations

import typing as t

IneligibilityReason = t.Literal["pending", "canceled", "expired", "unknown_status"]
"""Reasons why no certificate is available for an order.

pending: The CA has not approved the order yet. | Wait for the CA, or approve the order through its approval email.
canceled: The order was canceled or rejected. | Exclude the order from the selection.
unknown_status: This release does not know the status of the order. | Open an issue with ``status_name`` of ``ssl_order_info``.
"""
StoredReason = t.Literal["already_imported", "superseded"]
"""Reasons why an order no longer needs a certificate.

already_imported: The store already contains this certificate. | No action is needed.
superseded: The store, a source, or the secret already contains a newer certificate that can replace this certificate. | No action is needed. To
    request the email of the order anyway, set ``force: true``.
"""
TrustReason = t.Literal["untrusted", "chain_incomplete"]
"""Reasons why a certificate is not trusted.

untrusted: The chain of the certificate does not lead to a trusted root certificate, or contains a key that is too short for TLS clients. | Use a CA
    that TLS clients trust. For a private CA, set ``trusted_ca_path``.
chain_incomplete: A certificate of the chain is missing: an intermediate certificate, or the root certificate of a staging environment or a private
    CA. ``message`` contains the name of the missing certificate. | Add an intermediate certificate to the chain (``intermediate_path``). Trust a root
    certificate with ``trusted_ca_path``.
"""
DifferenceReason = t.Literal["names_not_covered", "organization_differs", "key_type_differs", TrustReason]
HeldBackReason = t.Literal[DifferenceReason, "key_type_not_offered", "key_differs", "switched_back"]
"""Reasons why a newer certificate does not replace the current certificate without a decision of the user.

names_not_covered: The newer certificate does not contain all DNS names of the current certificate. | Reissue the certificate for all DNS names. To
    drop DNS names, run the playbook ``adopt`` once.
organization_differs: The newer certificate contains another organization than the current certificate, or no organization. Certificates of ACME CAs
    contain no organization. | Run the playbook ``adopt`` once. Later renewals are then deployed automatically.
key_type_differs: The key type of the newer certificate differs from the key type of the current certificate. | Renew with the same key type, for
    example: ``certbot renew --cert-name NAME --key-type rsa --force-renewal``. To change the key type, run the playbook ``adopt`` once.
key_type_not_offered: The load balancer has no cipher suite for the key type of the certificate. By default, load balancers offer cipher suites for
    RSA keys only. | Renew with an RSA key, for example: ``certbot renew --cert-name NAME --key-type rsa --force-renewal``. Or select other cipher
    suites for the load balancer.
key_differs: The key of the newer certificate differs from the key of the current certificate, and ``require_same_key`` is true. | Reissue the
    certificate with the current key, and configure the ACME client to keep its key (certbot: ``--reuse-key``). To change the key, run the playbook
    ``adopt`` once.
switched_back: Somebody has switched the listener back to a certificate that an earlier run had replaced. Only rotations return this reason. | Deploy
    the newer certificate once, with ``ssl_certificate_deploy`` or the playbook ``adopt``. Later renewals are then deployed automatically.
"""
PairObstacleReason = t.Literal[DifferenceReason, "expired", "expires_earlier", "not_yet_valid"]
ObstacleReason = t.Literal[PairObstacleReason, "key_type_not_offered", "key_differs", "revoked"]
"""Reasons why a certificate must not replace another certificate. Only modules with the option `check_revocation` return `revoked`, and only
`ssl_certificate_rotate` returns `key_differs`.

expired: The order, the certificate, or a certificate in its chain (``limited_by``) has expired. | Renew the certificate with its ACME client. If an
    intermediate certificate has expired, import the certificate again with the current chain of its CA.
expires_earlier: The newer certificate expires before the current certificate. | Renew the newer certificate if it is due for renewal. Otherwise, no
    action is needed: the current certificate is kept.
not_yet_valid: The certificate becomes valid in the future; TLS clients reject it until then. | Wait until the certificate becomes valid, or check the
    clock of the control node.
revoked: The CA has revoked the certificate or a certificate in its chain. | Reissue the certificate. If an intermediate certificate was revoked,
    import the certificate again with the current chain of its CA.
"""

EmailOutcome = t.Literal["requested", "skipped", "failed"]
EmailReason = t.Literal[
    IneligibilityReason,
    StoredReason,
    "cooldown",
    "recipient_not_allowed",
    "recipient_changed",
    "changed_meanwhile",
    "not_found",
    "refused",
    "retired",
    "rate_limited",
    "api_error",
    "outcome_unknown",
]
"""Reasons why `ssl_fulfillment_email` did not request an email.

cooldown: The email was already requested within ``min_interval_hours``. | Check the mailbox, including its spam folder. ``next_allowed_at`` is the
    time when the email can be requested again.
recipient_not_allowed: The approver address of the order matches no pattern in ``allowed_recipients``, or is not exactly one address. | Add the
    address to ``allowed_recipients``, or correct the address in the order.
recipient_changed: The approver address changed after the order was listed or approved. Nothing was sent. | Find out who changed the address, then run
    the playbook in check mode again.
not_found: The object does not exist, the API user has no permission to view it, or a pattern matches nothing. | ``message`` identifies the missing
    object and lists the existing objects.
refused: The API or the certificate store rejected the request. | Read the error in ``message``. If the certificate has no common name, reissue the
    certificate with a common name.
retired: The API no longer has this method or product. | Ask the CA for the certificate, or use Secrets Manager.
rate_limited: The API still limited the rate of requests after all ``retries``. Nothing was done. | Run the playbook again later, with a lower
    ``concurrency``.
api_error: The API returned an error, or the run ended before this step. | Read ``message``, then run the playbook again.
outcome_unknown: The API did not respond, so the change may have been made. | Run the playbook again. The playbook checks the current state first. For
    an email, check the mailbox, then set ``force: true`` to request the email again.
"""

MissingReason = t.Literal[TrustReason, "waiting_for_email", "no_public_key", "not_found"]
"""Reasons why `ssl_fulfillment_email_info` did not find a certificate.

waiting_for_email: No message with a valid certificate has arrived. | Wait for an hour. Then check ``approver_email``, the folder, and
    ``max_age_days``.
no_public_key: The API does not return the CSR of the order. | Find the certificate with ``csr_paths``, or import the certificate manually.
"""
UnmatchedReason = t.Literal[
    TrustReason,
    "link_only",
    "approval_request",
    "no_matching_key",
    "no_certificate",
    "expired",
    "not_yet_valid",
    "encrypted",
    "unsupported_attachment",
    "unreadable",
    "too_large",
    "malformed",
]
"""Reasons why `ssl_fulfillment_email_info` did not use a message.

link_only: The message contains only a link to the certificate. | Download the certificate into ``ssl_fulfillment_certificate_dir``.
approval_request: The CA waits for the approval of the order. | Approve the order.
no_matching_key: The certificates in the message belong to other keys. | No action is needed. If you expected a certificate in this message, search
    for the certificate by its own key or CSR.
no_certificate: The message contains no certificate. | No action is needed.
encrypted: The message is encrypted, or contains a PKCS#12 file. | Decrypt the message, and save the certificate and key as files.
unsupported_attachment: An attachment has an unsupported format (``winmail.dat``, ``.msg``, tar, 7-Zip, RAR, or an office document). | Save the
    certificate manually in ``ssl_fulfillment_certificate_dir``.
unreadable: The mail server does not return the message, or the user has no permission to read the file. | Read the cause in ``message``, and grant
    the user read permission.
too_large: The message or file is larger than a certificate can be. | Increase ``max_message_bytes`` if you trust the message, or remove the message.
malformed: The message or file is damaged or incomplete, or is an ``acme.json`` file of Traefik 1. | Get the message or file from its source again.
"""

ImportOutcome = t.Literal["imported", "updated", "unchanged", "removed", "failed"]
ImportReason = t.Literal[
    TrustReason,
    "invalid_pem",
    "key_mismatch",
    "csr_mismatch",
    "order_mismatch",
    "chain_invalid",
    "chain_truncated",
    "expired",
    "not_yet_valid",
    "bad_passphrase",
    "in_use",
    "not_found",
    "ambiguous",
    "refused",
    "api_error",
    "outcome_unknown",
]
"""Reasons why `ssl_certificate_import` failed for a certificate.

invalid_pem: The certificate or key cannot be read: it is damaged, has another format, or has an unsupported encryption. | Get the certificate or key
    again. For an unsupported encryption, run the command in ``message``.
key_mismatch: The private key does not belong to the certificate. | Use the key that the CSR was created with.
csr_mismatch: The CSR does not belong to the certificate. | Specify the correct CSR, or remove the option.
order_mismatch: The certificate does not have the public key of ``order_id``. | Remove ``order_id`` if the certificate was reissued with another key.
chain_invalid: The intermediate certificates did not issue the certificate, or an intermediate certificate has expired. | Use the intermediate
    certificates that the CA publishes.
chain_truncated: The store kept fewer intermediate certificates than TLS clients need. No listener is switched to the certificate. | Use a :ref:`chain
    with one intermediate certificate <ansible_collections.softlayer.certificates.docsite.guide_lets_encrypt.chains>`.
bad_passphrase: The passphrase is missing or wrong. | Set ``privatekey_passphrase`` or ``pkcs12_passphrase``.
in_use: A service, or an endpoint in ``endpoints``, uses the certificate, or the API does not return the services that use the certificate. | Switch
    the service to another certificate, or change ``endpoints``.
ambiguous: Several objects match equally well. | Select one object by its ID, or keep only one of the objects in the sources. Then run the playbook
    again.
"""

ExportOutcome = t.Literal["exported", "unchanged", "failed"]
ExportReason = t.Literal[
    "no_permission",
    "no_private_key",
    "not_found",
    "key_mismatch",
    "invalid_pem",
    "unsafe_file",
    "not_written",
    "api_error",
]
"""Reasons why `ssl_certificate_export` did not write a certificate to the directory.

no_permission: The API user has no permission for this operation. | Grant the API user ``SECURITY_CERTIFICATE_MANAGE``, or the Secrets Manager role in
    ``message``.
no_private_key: The store does not return the private key. | Grant the API user ``SECURITY_CERTIFICATE_MANAGE``, or import the certificate again with
    its key.
unsafe_file: A file of this name exists and is a link, or belongs to another user. | Move the file, or choose another directory.
not_written: Cannot write to the directory: the disk is full, read-only, or damaged. | Fix the problem and run the playbook again.
"""

SecretOutcome = t.Literal["created", "updated", "unchanged", "failed"]
SecretReason = t.Literal[
    PairObstacleReason,
    "superseded",
    "invalid_pem",
    "key_mismatch",
    "chain_invalid",
    "bad_passphrase",
    "no_private_key",
    "not_found",
    "no_permission",
    "ambiguous",
    "wrong_type",
    "managed_csr",
    "not_active",
    "locked",
    "refused",
    "api_error",
    "outcome_unknown",
]
"""Reasons why `secrets_manager_certificate` failed for a certificate.

wrong_type: The secret of this name is not an imported certificate. | Choose another name.
managed_csr: Secrets Manager created the key of this secret. | Choose another name, or import the certificate in the console.
not_active: The secret has not been issued yet, or is suspended or destroyed. | Check the secret in the console.
locked: Another run holds the lock, or this run lost the lock. The change was not made. | Run the playbook again later.
"""

DeployOutcome = t.Literal["switched", "unchanged", "skipped", "failed", "rolled_back"]
DeployReason = t.Literal[
    ObstacleReason,
    "not_https",
    "ambiguous",
    "not_found",
    "balancer_busy",
    "balancer_error",
    "locked",
    "changed_meanwhile",
    "not_served",
    "not_accepted",
    "unreachable",
    "refused",
    "rate_limited",
    "interrupted",
    "api_error",
    "outcome_unknown",
]
"""Reasons why `ssl_certificate_deploy` did not switch a listener, or reports a warning about a switched listener.

not_https: Only HTTPS listeners have a certificate. | Specify an HTTPS listener.
balancer_busy: The load balancer did not become ACTIVE in time. | Run the playbook again later. No change is sent twice.
balancer_error: The load balancer is in the state ERROR, or is being deleted. | Fix the load balancer in the console.
not_served: The listener, or an endpoint with ``expected``, serves another certificate or does not complete the TLS handshake. If a switch broke a
    listener, the listener is rolled back (``rolled_back``). | Wait a few minutes and run the playbook again. Then check key type, chain, and cipher
    suites. If a load balancer still serves another certificate, run the commands in ``message``.
not_accepted: A TLS client rejects the certificate; ``message`` contains the error of the client. Usually an intermediate certificate is missing. |
    Import the certificate with its full chain. For a private CA, set ``trusted_ca_path``.
unreachable: Cannot connect to the listener, the endpoint, or the API. The served certificate is unknown, so nothing is deleted. | Check host, port,
    firewall, and proxy. Internal load balancers can be reached only from their own network: run the playbook in this network, or set
    ``remove_unverified``.
"""

ProbeFailureReason = t.Literal["unreachable", "timeout", "no_tls", "handshake_failed"]
"""Reasons why the certificate of an endpoint is unknown.

timeout: A step of the TLS handshake took longer than ``timeout``; ``message`` contains the name of the step. | Check host, port, and firewall.
no_tls: The port does not start a connection with TLS. | Check the port.
handshake_failed: The server ended the TLS handshake, or requires a client certificate. | Read ``message`` and the log of the server.
"""
EndpointReason = t.Literal[ProbeFailureReason, "not_served", "expired", "not_yet_valid", "name_mismatch", TrustReason]
"""Problems that `ssl_endpoint_info` reports for an endpoint, the most important problem first.

name_mismatch: The certificate does not contain ``server_name``. | Check ``server_name``, or deploy a certificate that contains ``server_name``.
"""

WaitingReason = t.Literal[
    IneligibilityReason, StoredReason, "waiting_for_email", "waiting_for_certificate", "waiting_for_key"
]
"""Reasons why the filter `certificate_files` returns nothing to import for an order.

waiting_for_certificate: The directory contains no certificate of the order. | Save the certificate as ``<common_name>.crt``. Write ``*`` as ``_``.
waiting_for_key: The directory contains no key of the order. A file of the expected name contains another key. | Save the key as
    ``<common_name>.key``. Write ``*`` as ``_``.
"""

SourceReason = t.Literal[
    "not_active",
    "being_renewed",
    "key_missing",
    "certificate_missing",
    "broken_link",
    "unreadable",
    "not_a_file",
    "too_large",
    "malformed",
    "bad_passphrase",
]
"""Reasons why a certificate of a source cannot be used.

being_renewed: The ACME client was writing the files during the run. | No action is needed. If the reason persists, renew the certificate again.
key_missing: The source contains no private key of the certificate. | Add the key to the source, under any file name. If Secrets Manager intentionally
    stores the certificate without its key, no action is needed; the certificate does not count as a renewal.
certificate_missing: The directory contains a key without a certificate. | Reissue the certificate, or remove the directory.
broken_link: A symbolic link leads to a missing file. | Restore the file, or reissue the certificate.
not_a_file: A directory, pipe, or device has the name of a certificate file. | Remove the directory, pipe, or device.
"""
RotationReason = t.Literal[ObstacleReason, StoredReason, SourceReason, "new_name", "ambiguous"]
"""Reasons why `ssl_certificate_rotate` does not import a certificate of a source.

new_name: The store contains no certificate for the DNS names of this certificate. | Run the playbook ``adopt``, or set ``import_new: true``.
"""
KeptReason = t.Literal["in_use", "not_served", "not_accepted", "unreachable", "expires_earlier", "replaced_recently"]
"""Reasons why `ssl_certificate_rotate` keeps a certificate although another certificate can replace it, or although it has expired.

replaced_recently: The replacement has been in the store for less than ``remove_superseded_after_days``, or the API does not report since when. | No
    action is needed: a later run deletes the certificate. Until then, the command in ``message`` switches back to it. Without a date in ``message``,
    delete the certificate when you do not need it anymore.
"""
AttentionReason = t.Literal[
    "expired",
    "expiring",
    "not_yet_valid",
    "unusable",
    "revoked",
    "held_back",
    "not_served",
    "not_accepted",
    "renewal_requested",
]
"""Reasons why a listener needs attention after a rotation, the most urgent reason first; also the choices of `fail_on`.

expiring: The served certificate is due for renewal, and no renewal is available or the listener does not serve the renewal. | Check the ACME client,
    and that its directory is in ``sources``. If the load balancer is the cause, run the commands in ``message``.
unusable: A source contains the renewal, but its key or passphrase is wrong. A run fails only if the served certificate is due for renewal and no
    other renewal is available. | Fix the file in ``message``.
held_back: A newer certificate exists but cannot replace the current certificate, because the DNS names, organization, key type, or trust differ,
    or somebody has switched the listener back. | Reissue the newer certificate like the current certificate, or run the playbook ``adopt`` once.
renewal_requested: The CA requested a renewal (RFC 9773), and the ACME client has not renewed the certificate. | Run the command in ``message``. The
    explanation of the CA is at the URL in ``message``.
"""
ApprovalReason = t.Literal["not_approved", "changed_meanwhile"]
"""Reasons why a run that is limited to a preview skips a change.

not_approved: The change is possible, but the approved preview did not contain the change. | Run the playbook in check mode again, and approve the new
    preview.
changed_meanwhile: The order, the listener, or the certificate changed after it was listed or approved. | Run the playbook again. If the run is
    limited to a preview, create a new preview in check mode.
"""

FailureCode = t.Literal[
    "emails_failed",
    "certificates_failed",
    "listeners_failed",
    "rotation_failed",
    "attention_needed",
    "too_many_listeners",
    "too_many_orders",
    "locked",
    "invalid_argument",
    "missing_credentials",
    "invalid_config_file",
    "insecure_endpoint",
    "insecure_folder",
    "authentication_failed",
    "unreachable",
    "tls_error",
    "rate_limited",
    "no_answer",
    "api_error",
    "not_found",
    "retired",
    "incomplete_listing",
    "mailbox_error",
    "ledger_unavailable",
    "ephemeral_ledger",
    "missing_library",
    "no_permission",
    "interrupted",
    "internal_error",
]
"""Codes in `failure`; if the import of a single certificate failed, the code is the reason for the failed import.

emails_failed, certificates_failed, listeners_failed, rotation_failed: At least one item of the run failed. | Read the ``reason`` and ``message`` of
    each failed item in the result.
attention_needed: The run succeeded, but a listener needs attention. | See the ``reason`` of each item in ``attention``.
too_many_listeners: The run would switch more listeners than ``max_listeners`` allows. Nothing was changed. | Increase ``max_listeners`` if this
    number is correct.
too_many_orders: The run would request more emails than ``max_orders`` allows. Nothing was sent. | Increase ``max_orders`` if this number is correct.
invalid_argument: An option has an invalid value. | Correct the option in ``message``.
missing_credentials: User name or API key is not set, and no IAM token is set. | Set ``SL_USERNAME`` and ``SL_API_KEY``, or ``IBMCLOUD_IAM_TOKEN``.
invalid_config_file: Cannot read the configuration file. | Correct the file.
insecure_endpoint: The API key or the token would be sent over plain ``http``. | Use ``https``.
insecure_folder: Other users can read or replace the directory for the keys. Nothing was written. | Run the command in ``message``.
authentication_failed: The API rejected the credentials. | Check user name and API key. With an IBM Cloud API key, the user name is ``apikey``.
    An IAM token expires after at most 60 minutes: get a new token.
tls_error: The certificate of the server is not trusted. Nothing was sent. | For a proxy or a private CA, set ``ca_path``.
no_answer: The API did not respond. | Run the playbook again.
incomplete_listing: A list could not be read completely. | Run the playbook again.
mailbox_error: The mail server rejected a command. | Read the response of the server in ``message``.
ledger_unavailable: Cannot read or write the ledger, or its path is relative. Nothing was changed. | Fix the file or the database in ``message``.
ephemeral_ledger: The ledger is in the file system of a container and would be deleted with the container. Nothing was sent. | Set ``ledger_url`` to a
    database, or to a file on a volume.
missing_library: A Python library is missing or too old. | Run the ``pip`` command in ``message``.
interrupted: A signal ended the run. Calls that were in progress were completed. | Run the playbook again to complete the remaining work.
internal_error: An unexpected error occurred. | Run the playbook again. If the error persists, open an issue with ``message``.
"""
Code = t.Literal[FailureCode, ImportReason, ExportReason, SecretReason, DeployReason, ProbeFailureReason, "taken"]
"""Codes of `CertificatesError`; no module returns `taken`."""

State = t.Literal[
    "failed",
    "not_allowed",
    "unclear",
    "unknown_status",
    "pending",
    "requestable",
    "requested",
    "received",
    "not_served",
    "imported",
    "superseded",
    "expired",
    "canceled",
]
"""States of an order: errors, then the steps from the order to the store, then final states."""
Attention = t.Literal[
    "expired_in_use",
    "failed",
    "expiring",
    "switch_services",
    "unclear",
    "not_allowed",
    "untrusted",
    "chain_incomplete",
    "waiting_for_key",
    "waiting_for_certificate",
    "no_public_key",
    "pending",
    "unknown_status",
]
"""Reasons why an order needs attention, the most urgent reason first."""

ORDER_NOT_FOUND = (
    "The order does not exist, or the API user cannot access it. To list the existing orders, use ssl_order_info."
)
