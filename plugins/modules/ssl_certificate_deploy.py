#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Switch the HTTPS listeners of cloud load balancers to certificates in the store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_deploy
short_description: Switch the HTTPS listeners of load balancers to certificates in the store
version_added: 1.0.0
description:
  - Switches HTTPS listeners of the cloud load balancers of a SoftLayer (IBM Cloud Classic Infrastructure) account to certificates in its
    certificate store. A listener keeps serving during the change. The module creates, detaches, and deletes nothing.
  - With O(certificate_id) and O(listeners), or with O(deployments), the module switches the specified listeners to the specified certificates.
  - Without these options, the module runs in renewal mode. The module compares the certificate of each HTTPS listener with the store, and
    switches the listener to the best certificate that can replace its current certificate.
  - A certificate can replace another certificate if it is valid now, is newer (by the start of its validity, then by the end), has the same
    organization and key type, covers every DNS name and IP address of the other certificate, is trusted at least as much, and does not expire
    earlier while it is due for renewal. A record of the same certificate can replace another record that lacks a part of the chain. The module
    compares the certificates themselves, not their facts in the API. All modules, roles, and reports of the collection use this rule.
  - A certificate that its CA has revoked cannot replace another certificate (see O(check_revocation)).
  - The levels of trust are trusted, incomplete (an intermediate certificate is missing), and untrusted. OpenSSL evaluates the chain in the store
    with the trusted root certificates of the host and of O(trusted_ca_path). RSA keys must have at least 2,048 bits, and EC keys at least 256
    bits. If the root certificate of a private CA is not trusted, its certificates can still replace each other.
  - If two certificates are equally good, the listener fails with the reason V(ambiguous).
  - The module changes all listeners of a load balancer in one API call, which contains only the listeners and their certificates. If another
    operation is changing a load balancer, the module waits (see O(wait_timeout)). If the API does not respond, the module does not repeat the
    call, but reads the new state.
  - After the change, the module connects to each listener over TLS, at every address of its load balancer, until the listener serves the
    certificate. See O(verify) and O(rollback).
  - If one listener fails, the module still changes the others. The module then fails at its end, and its result contains each listener.
  - With O(exclusive), only one run at a time changes the load balancers of an account.
  - The module requires the permissions C(SECURITY_CERTIFICATE_MANAGE) and C(LOADBALANCER_MANAGE), and access to the load balancers.
  - An option that limits a run, such as O(ports), is rejected if it is null or empty. To not limit the run, do not set the option.
author:
  - softlayer.certificates contributors (@softlayer)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.action_group
  - softlayer.certificates.attributes.progress
requirements:
  - SQLAlchemy >= 2.0.30 (with exclusive)
  - psycopg >= 3.1.4 (with exclusive, for a ledger in PostgreSQL)
attributes:
  check_mode:
    support: full
    details:
      - The module returns the plan of a real run. It does not connect to the listeners.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  certificate_id:
    description:
      - ID of the certificate in the store to which the module switches O(listeners).
      - In check mode, null means the certificate that M(softlayer.certificates.ssl_certificate_import) would import. With null, the module
        checks only the conditions that do not depend on the certificate. Outside check mode, null is invalid.
    type: int
  listeners:
    description:
      - The listeners to switch to O(certificate_id). An empty list and null are invalid.
    type: list
    elements: dict
    suboptions: &listener
      load_balancer:
        description:
          - Name, UUID, or ID of the load balancer.
        type: str
        required: true
      port:
        description:
          - Port of the HTTPS listener.
        type: int
        required: true
      previous_certificate_id:
        description:
          - ID of the certificate that the listener must have before the change. If the listener has another certificate, the listener was
            changed in the meantime, and fails with the reason V(changed_meanwhile). Null is invalid.
        type: int
  deployments:
    description:
      - Certificates to deploy, each with the listeners to switch to the certificate. This option cannot be combined with O(certificate_id). An
        empty list and null are invalid.
    type: list
    elements: dict
    suboptions:
      certificate_id:
        description:
          - ID of the certificate in the store, or null in check mode (see O(certificate_id)). Each list entry requires this suboption.
        type: int
      listeners:
        description:
          - The listeners to switch to O(deployments[].certificate_id).
        type: list
        elements: dict
        required: true
        suboptions: *listener
  common_names:
    description:
      - Shell patterns of certificate names. In renewal mode, the module switches only the listeners whose current certificate has a common name
        or DNS name that matches a pattern, ignoring case. An empty list and null are invalid.
      - If a pattern matches no name of a certificate in the store, the run fails with V(not_found) and changes nothing.
      - A pattern can contain an internationalized name in its Unicode form or in its ASCII form. V(*) also matches dots. To match the name of a
        wildcard certificate itself, write V([*].example.com).
    type: list
    elements: str
  load_balancers:
    description:
      - Shell patterns of load balancer names, ignoring case. In renewal mode, the module switches only the listeners of matching load balancers.
        An empty list and null are invalid.
      - If a pattern matches no load balancer, the run fails with V(not_found) and changes nothing.
    type: list
    elements: str
  ports:
    description:
      - Ports of listeners. In renewal mode, the module switches only the listeners on the specified ports. An empty list and null are invalid.
    type: list
    elements: int
  allow_name_loss:
    description:
      - Whether to deploy a specified certificate even if the certificate does not cover all names of the current certificate, or if the current
        certificate is not known.
      - A wildcard certificate covers the names that match its wildcard.
    type: bool
    default: false
  allow_key_type_change:
    description:
      - Whether to deploy a specified certificate even if its key type differs from the key type of the current certificate.
      - The module never deploys a certificate to a load balancer that offers no cipher suite for its key type, because no TLS client could
        connect. The default cipher suites are for RSA keys only.
    type: bool
    default: false
  allow_organization_change:
    description:
      - Whether to deploy a specified certificate even if its organization differs from the organization of the current certificate. Certificates
        of ACME CAs contain no organization.
    type: bool
    default: false
  allow_expired:
    description:
      - Whether to deploy a specified certificate even if the certificate has expired.
    type: bool
    default: false
  allow_untrusted:
    description:
      - Whether to deploy a specified certificate even if the certificate is trusted less than the current certificate. For example, the
        certificate is self-signed, comes from the staging environment of a CA, or lacks intermediate certificates in the store.
    type: bool
    default: false
  max_listeners:
    description:
      - Maximum number of listeners that one run may switch, 0 or more. If more listeners need a new certificate, the module fails and changes
        nothing, also in check mode.
    type: int
    default: 20
  concurrency:
    description:
      - Maximum number of load balancers to change at the same time, from 1 to 256.
    type: int
    default: 4
  wait:
    description:
      - Whether to wait for a busy load balancer to become ACTIVE, before and after the module changes the load balancer.
      - With V(false), the listeners of a busy load balancer fail immediately with the reason V(balancer_busy). With O(exclusive), the run fails
        immediately with V(locked) if another run holds the lock.
    type: bool
    default: true
  wait_timeout:
    description:
      - Maximum time in seconds to wait for a load balancer to become ACTIVE, from 0 to 86400. The time before the change and the time after the
        change count separately. With O(exclusive), this option also limits the time to wait for another run to release its lock.
    type: float
    default: 900
  wait_interval:
    description:
      - Maximum interval in seconds between two requests for the state of a busy load balancer, from 0.1 to 86400. The first intervals are
        shorter.
    type: float
    default: 10
  verify:
    description:
      - Whether to verify the certificates that the listeners serve. The module connects to each listener over TLS from the host that runs the
        module, including listeners that keep their certificate.
      - A listener fails with the reason V(not_served) if it does not serve its certificate within O(verify_timeout). A listener fails with the
        reason V(not_accepted) if a TLS client rejects the new certificate but accepted the previous certificate.
      - Every probe has 10 seconds to connect, and 10 seconds for the TLS handshake. If the connection breaks or the handshake takes longer, the
        module connects once more. If the host rejects the connection, or the connection times out, the module does not connect again.
      - If a listener does not accept connections from the host that runs the module before and after the change, the listener does not fail.
        Such a listener has the reason V(unreachable), RV(listeners[].served) is null, and the module issues a warning.
    type: bool
    default: true
  verify_timeout:
    description:
      - Maximum time in seconds for a switched listener to serve its new certificate, from 0 to 86400. The time starts when the load balancer is
        ACTIVE.
      - This option does not change the time limit of a probe (see O(verify)).
    type: float
    default: 120
  trusted_ca_path:
    description:
      - Path of a file with trusted root certificates in PEM format, or of a directory of such files.
      - The module also trusts the root certificates of the host, which are in the file E(SSL_CERT_FILE) or E(REQUESTS_CA_BUNDLE), in the
        directory E(SSL_CERT_DIR), or else in the trust store of the host. A file or directory in these environment variables replaces the trust
        store, so the file or directory must also contain the public root certificates.
      - The module uses all trusted root certificates to decide whether a certificate can replace another certificate. Specify the root
        certificate of a private CA to prevent certificates of other private CAs from replacing certificates of the CA.
      - OpenSSL tests whether a TLS client accepts the served certificate. If OpenSSL rejects the certificate, for example because an
        intermediate certificate is missing, the module issues a warning. See also RV(listeners[].accepted) and O(rollback).
    type: path
  check_revocation:
    description:
      - Whether to request certificate revocation lists (CRLs) from the CAs. With V(warn), the module reads the CRLs for the current certificate
        of each listener, and for the certificates that can replace the current certificate. With V(off), the module sends no request to a CA.
      - The module never switches a listener to a revoked certificate. The reason for a revoked certificate is V(revoked), and no other option
        permits the change. If an intermediate certificate was revoked, the certificate is untrusted.
      - An unknown revocation status has no effect on the decisions. If a CRL cannot be used, the module issues a warning.
      - The module connects to private addresses only for a CA in O(trusted_ca_path), and stores the CRLs next to the ledger for the next run.
    type: str
    choices: [warn, "off"]
    default: warn
  rollback:
    description:
      - Whether to switch a listener back to its previous certificate, once, if the listener worked before the change and stops working after the
        change. The outcome of the listener is then V(rolled_back), and the module fails.
      - A listener has stopped working if, at one of its addresses, the listener does not complete a TLS handshake, serves neither the previous
        nor the new certificate, or serves a certificate that a TLS client rejects although the client accepted the previous certificate.
      - With O(allow_untrusted) and an untrusted certificate, or with O(allow_expired) and an expired certificate, a rejection by TLS clients
        does not cause a rollback.
      - The module rolls the listener back after the listener has not worked for 15 seconds, or until O(verify_timeout) if O(verify_timeout) is
        shorter.
    type: bool
    default: true
  exclusive:
    description:
      - Whether the run locks the load balancers of the account, so that only one run at a time changes the load balancers. The lock applies to
        all runs with O(exclusive=true) and the same O(ledger_url).
      - A run that must change something holds the lock until the run ends. Another run issues a warning, waits for the lock for up to
        O(wait_timeout), and then reads the store and the load balancers again. If the lock is not released in time, the waiting run fails with
        V(locked) and changes nothing.
      - The run renews its lock every 5 seconds. The lock of a killed run expires 30 seconds after another run first finds the lock. A run that
        cannot renew its lock in time makes no further changes, and its listeners fail with the reason V(locked).
      - If the run must change something, the lock requires one additional API call. In check mode, the run does not lock the load balancers.
    type: bool
    default: false
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger, the database that contains the lock of O(exclusive), and the switches of this module, so that no
        rotation repeats a switch that somebody has undone. The module stores the CRLs of O(check_revocation) next to the ledger file. All modules
        use the same ledger (see O(softlayer.certificates.ssl_fulfillment_email#module:ledger_url)).
      - The default is the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL), or else the file C(softlayer.certificates/ledger.sqlite3)
        in the state directory of the user, E(XDG_STATE_HOME) or C(~/.local/state).
      - If the ledger cannot be used, a run with O(exclusive) changes nothing.
    type: str
seealso:
  - module: softlayer.certificates.ssl_certificate_import
  - module: softlayer.certificates.ssl_certificate_info
"""

EXAMPLES = r"""
- name: Switch all listeners to renewed certificates in the store
  softlayer.certificates.ssl_certificate_deploy:
  register: renewal

- name: Switch at most five listeners of one domain on the production load balancers
  softlayer.certificates.ssl_certificate_deploy:
    common_names:
      - example.com
      - "*.example.com"
    load_balancers: ["prod-*"]
    ports: [443]
    max_listeners: 5
    concurrency: 2

- name: Deploy one certificate to two listeners
  softlayer.certificates.ssl_certificate_deploy:
    certificate_id: 4711
    listeners:
      - load_balancer: prod-web
        port: 443
      - load_balancer: 0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e
        port: 8443

- name: Import a certificate
  softlayer.certificates.ssl_certificate_import:
    certificate_path: www.example.com.crt
    privatekey_path: www.example.com.key
    intermediate_path: www.example.com.ca-bundle
  register: imported

- name: Deploy the imported certificate, whose ID is null in check mode
  softlayer.certificates.ssl_certificate_deploy:
    certificate_id: "{{ imported.certificate.id }}"
    listeners:
      - load_balancer: prod-www
        port: 443

- name: Switch a listener only if it still has the expected certificate
  softlayer.certificates.ssl_certificate_deploy:
    certificate_id: 4711
    listeners:
      - load_balancer: prod-web
        port: 443
        previous_certificate_id: 4699

- name: Change to certificates of an ACME CA without an organization and with EC keys
  softlayer.certificates.ssl_certificate_deploy:
    deployments:
      - certificate_id: 4712
        listeners:
          - load_balancer: prod-web
            port: 443
      - certificate_id: 4713
        listeners:
          - load_balancer: prod-api
            port: 443
    allow_organization_change: true
    allow_key_type_change: true

- name: Deploy a certificate that has fewer names, or has expired, to a load balancer for tests
  softlayer.certificates.ssl_certificate_deploy:
    certificate_id: 4714
    listeners:
      - load_balancer: staging-web
        port: 443
    allow_name_loss: true
    allow_expired: true

- name: Deploy a certificate of a staging environment, which TLS clients do not trust
  softlayer.certificates.ssl_certificate_deploy:
    certificate_id: 4715
    listeners:
      - load_balancer: staging-web
        port: 443
    allow_untrusted: true

- name: Deploy in a short maintenance window, with the root certificates of a private CA
  softlayer.certificates.ssl_certificate_deploy:
    wait_timeout: 300
    wait_interval: 5
    verify_timeout: 60
    trusted_ca_path: /etc/ssl/company-roots.pem

- name: Start the change without waiting and without verification
  softlayer.certificates.ssl_certificate_deploy:
    wait: false
    verify: false

- name: Deploy from a host that cannot reach the CRLs of the CAs
  softlayer.certificates.ssl_certificate_deploy:
    check_revocation: "off"

- name: Deploy from one of several control nodes, with a lock
  softlayer.certificates.ssl_certificate_deploy:
    exclusive: true
    ledger_url: "postgresql://certificates:{{ vault_ledger_password }}@db.example.com/certificates"

- name: Deploy without a rollback of listeners that stop working
  softlayer.certificates.ssl_certificate_deploy:
    rollback: false
"""

RETURN = r"""
listeners:
  description: All listeners that were processed, sorted by load balancer and port.
  returned: success, or failure of a listener
  type: list
  elements: dict
  contains:
    load_balancer:
      description: Name of the load balancer.
      type: str
      sample: prod-web
    load_balancer_uuid:
      description: UUID of the load balancer, or null if it was not found.
      type: str
      sample: 0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e
    address:
      description: Host name of the load balancer.
      type: str
      sample: prod-web-278444-dal10.lb.bluemix.net
    port:
      description: Port of the HTTPS listener.
      type: int
      sample: 443
    listener_uuid:
      description: UUID of the listener, or null if it was not found.
      type: str
      sample: 6d5f0c1e-2b1a-4f0e-8c3d-9e7f6a5b4c3d
    common_name:
      description: Common name of the certificate RV(listeners[].certificate_id), or null if the certificate has none.
      type: str
      sample: www.example.com
    subject_alt_names:
      description: Subject alternative names of the certificate RV(listeners[].certificate_id).
      type: list
      elements: str
      sample: [www.example.com, example.com]
    previous_certificate_id:
      description: ID of the certificate that the listener had before the run, or null if the listener had no certificate.
      type: int
      sample: 4699
    certificate_id:
      description:
        - ID of the certificate that the listener should serve. If no change is necessary, the value is the ID of the current certificate.
        - The value is null if the listener has no certificate, and in check mode if the certificate would be imported first.
      type: int
      sample: 4711
    fingerprint_sha256:
      description: SHA-256 fingerprint of the certificate that the listener should serve, in hexadecimal, or null if it is not known.
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    not_after:
      description: Time when the certificate RV(listeners[].certificate_id) expires.
      type: str
      sample: "2027-01-31T23:59:59Z"
    effective_not_after:
      description:
        - Time when TLS clients start to reject the certificate, because the certificate or one of its intermediate certificates expires.
      type: str
      sample: "2027-01-31T23:59:59Z"
    limited_by:
      description: Name of the intermediate certificate that sets RV(listeners[].effective_not_after), or null if the certificate itself sets it.
      type: str
      sample: null
    outcome:
      description:
        - Outcome for the listener. V(switched) - the listener was, or in check mode would be, switched to the certificate. V(unchanged) - no
          change was necessary.
        - V(skipped) - a newer certificate exists but cannot replace the current certificate, or the current certificate is not known.
        - V(failed) - the module could not switch the listener, or the listener does not serve the certificate.
        - V(rolled_back) - the module switched the listener back to its previous certificate (see O(rollback)).
      type: str
      choices: [switched, unchanged, skipped, failed, rolled_back]
      sample: switched
    reason:
      description:
        - Code of the reason, or null. One of V(not_https), V(names_not_covered), V(key_type_differs),
          V(key_type_not_offered), V(organization_differs), V(untrusted), V(chain_incomplete), V(expired), V(expires_earlier),
          V(not_yet_valid), V(revoked), V(ambiguous), V(not_found), V(changed_meanwhile), V(balancer_busy), V(balancer_error), V(locked),
          V(not_served), V(not_accepted), V(unreachable), V(refused), V(rate_limited), V(interrupted), V(api_error), and V(outcome_unknown).
        - V(untrusted) - the certificate is trusted less than the current certificate. V(chain_incomplete) - the record of the certificate lacks
          an intermediate certificate.
        - V(expired) - the certificate or a certificate in its chain has expired.
        - V(expires_earlier) - in renewal mode, the certificate is due for renewal, and expires before the current certificate.
        - V(revoked) - the CA has revoked the certificate.
        - V(not_accepted) - a TLS client rejects the new certificate but accepted the previous certificate.
      type: str
      sample: null
    served:
      description:
        - Whether the listener serves the certificate, or null if the module did not or could not connect to the listener.
      type: bool
      sample: true
    accepted:
      description:
        - Whether a TLS client accepts the certificate that the listener serves, at each address of the listener, or null if the module did not
          or could not connect to the listener.
        - The TLS client is OpenSSL, with a host name of the certificate, the root certificates of the host and of O(trusted_ca_path), and the
          security level of the host.
      type: bool
      sample: true
    served_fingerprint_sha256:
      description:
        - SHA-256 fingerprint of the certificate that the listener serves, in hexadecimal, or null if the module received no certificate.
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    message:
      description: The outcome of the item as a sentence.
      type: str
      sample: Switched. It is served.
switched_count:
  description: Number of listeners with the outcome V(switched).
  returned: success, or failure of a listener
  type: int
  sample: 1
unchanged_count:
  description: Number of listeners with the outcome V(unchanged).
  returned: success, or failure of a listener
  type: int
  sample: 3
skipped_count:
  description: Number of listeners with the outcome V(skipped).
  returned: success, or failure of a listener
  type: int
  sample: 0
failed_count:
  description: Number of listeners with the outcome V(failed) or V(rolled_back).
  returned: success, or failure of a listener
  type: int
  sample: 0
api_calls:
  description: Number of HTTP requests to the API, including repeated requests.
  returned: success, or failure of a listener
  type: int
  sample: 5
failure:
  description: The cause of the failure, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable code of the failure, such as V(listeners_failed), V(too_many_listeners), or V(locked).
      type: str
      sample: locked
    message:
      description: The cause of the failure and its fix, as in C(msg).
      type: str
      sample: "Another run has been changing the load balancers since 2026-12-01T03:00:10Z: nothing was changed. Run it again later."
    details:
      description: Facts about the failure. The keys depend on RV(failure.code).
      type: dict
      contains:
        call:
          description: The API method or other request that failed.
          returned: if a request failed
          type: str
          sample: SoftLayer_Account::getAllObjects
        http_status: {description: HTTP status code of the response., returned: if a server responded with an error, type: int, sample: 500}
        api_code: {description: Error code from the API., returned: if the API returned an error, type: str, sample: "SoftLayer_Exception_Public"}
        api_message: {description: Error message from the API., returned: if the API returned an error, type: str, sample: "Internal Error"}
        retry_after_seconds:
          description: Time in seconds after which the server accepts requests again.
          returned: if the server limits the rate of requests
          type: float
          sample: 30
        expected: {description: Number of items that the server announced., returned: if the listing is incomplete, type: int, sample: 120}
        received: {description: Number of items that the server returned., returned: if the listing is incomplete, type: int, sample: 100}
        missing:
          description: Names of the credentials that are missing.
          returned: if credentials are missing
          type: list
          elements: str
          sample: [api_key]
        host: {description: "Host name or IP address of the server.", returned: if a server cannot be used, type: str, sample: "api.example.com"}
        path:
          description: Path of the file or directory that cannot be used.
          returned: if a path cannot be used
          type: str
          sample: /etc/ssl/company-roots.pem
        variable:
          description: Environment variable whose value cannot be used.
          returned: if an environment variable cannot be used
          type: str
          sample: SSL_CERT_FILE
        libraries: {description: Python libraries that are missing., returned: if a library is missing, type: list, elements: str, sample: ["cryptography"]}
        type: {description: Type of the unexpected exception., returned: if an unexpected error occurred, type: str, sample: "KeyError"}
        place:
          description: Code locations in the collection where the exception occurred.
          returned: if an unexpected error occurred
          type: list
          elements: str
          sample: ["module_utils/_x509/chain.py, line 10 (build)"]
        ledger:
          description: Database file or host of the ledger.
          returned: if the ledger cannot be used
          type: str
          sample: /root/.local/state/softlayer.certificates/ledger.sqlite3
        library:
          description: Python library that the URL of the ledger requires.
          returned: if a library for the ledger is missing
          type: str
          sample: psycopg
        since:
          description: Time when the other run acquired the lock.
          returned: if another run holds the lock
          type: str
          sample: "2026-12-01T03:00:10Z"
        planned: {description: Number of listeners that the run would have changed., returned: if max_listeners is exceeded, type: int, sample: 60}
        max_listeners: {description: Value of O(max_listeners)., returned: if max_listeners is exceeded, type: int, sample: 20}
        listeners:
          description:
            - The listeners that failed, or the names of the listeners that the run would have switched if
              RV(failure.code=too_many_listeners).
          returned: if listeners failed, or max_listeners is exceeded
          type: list
          elements: raw
          sample: [{listener: web:443, reason: balancer_busy, message: The load balancer is busy.}]
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.run_deploy import LIBRARIES, SPEC, run


def main() -> None:
    """Run the module."""
    Module(SPEC).run_and_exit(run, LIBRARIES)


if __name__ == "__main__":
    main()
