#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show the certificates that network endpoints serve."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_endpoint_info
short_description: Show which certificates network endpoints serve
version_added: 1.0.0
description:
  - Connects to TLS endpoints, and returns the certificate that each endpoint serves, with its chain and its problems.
  - The endpoints are specified in O(endpoints), or are the HTTPS listeners of the cloud load balancers of the account, or both.
  - The module sends only TLS handshakes to the endpoints, and requests CRLs from the CAs. The handshake accepts expired and untrusted
    certificates, other names, and TLS 1.0 or later. The module evaluates trust, validity, and names after the handshake.
  - The module does not fail because of an endpoint. RV(endpoints[].reason) is the problem of each endpoint, and RV(reason_counts) contains the
    number of endpoints for each problem.
  - The module connects to many endpoints at the same time. An endpoint that does not respond does not delay the others.
  - The module uses the API and its credentials only with O(from_load_balancers), O(gather_stored), or a certificate ID in C(expected).
  - O(from_load_balancers) requires the permission to view load balancers, and access to the load balancers. O(gather_stored) requires the
    permission C(SECURITY_CERTIFICATE_MANAGE). With C(SECURITY_CERTIFICATE_VIEW) only, RV(endpoints[].certificate_ids) is empty, and the module
    issues a warning.
author:
  - softlayer.certificates contributors (@softlayer)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.info_module
  - softlayer.certificates.attributes.action_group
options:
  endpoints:
    description:
      - The endpoints to connect to, each as a string or as a dict. With an empty list, the module connects to no endpoints.
      - A string is a host name or an IP address, with or without a port, such as V(www.example.com), V(www.example.com:8443), V(192.0.2.1),
        V([2001:db8::1]:8443), or V(2001:db8::1). The default port is 443. For a URL that begins with V(https://), the module uses the host and
        the port of the URL.
      - A dict has the keys C(host), C(port) (by default 443), C(server_name), and C(expected).
      - C(server_name) is the name that the module sends in the handshake (SNI), and that the certificate must cover. The default is C(host). The
        module does not send an IP address, because SNI contains names only, but the certificate must contain the address.
      - C(expected) specifies the certificate that the endpoint must serve. A name or a list of names means a certificate that covers all of the
        names. The ID of a certificate in the store, such as V(4711), means the certificate with this ID, or a certificate that can replace the
        certificate. You can also write a dict with the key C(names) or C(certificate_id).
      - If the endpoint serves another certificate, the reason of the endpoint is V(not_served). If an ID does not exist in the store, the task
        fails.
      - If a host name resolves to several addresses, the module uses the first address that accepts a connection.
    type: list
    elements: raw
  from_load_balancers:
    description:
      - Whether to also connect to every HTTPS listener of the cloud load balancers of the account, after O(endpoints).
      - The server name is one of the names of the certificate that the listener has in the store. For a wildcard certificate, C(www) replaces the
        C(*). If the certificate is not in the store, the server name is the name of the load balancer.
    type: bool
    default: false
  gather_stored:
    description:
      - Whether to also return the IDs of the served certificate in the certificate store, in RV(endpoints[].certificate_ids).
    type: bool
    default: false
  trusted_ca_path:
    description:
      - Path of a file or directory with trusted certificates in PEM format. The certificates can be root certificates or intermediate
        certificates.
      - The module also trusts the root certificates of the host, which are in the file E(SSL_CERT_FILE) or E(REQUESTS_CA_BUNDLE), in the
        directory E(SSL_CERT_DIR), or else in the trust store of the host. A file or directory in these environment variables replaces the trust
        store, so the file or directory must also contain the public root certificates.
    type: path
  check_revocation:
    description:
      - Whether to request certificate revocation lists (CRLs) from the CAs. With V(warn), the module reads the CRLs for the served certificates
        over HTTP, and returns the status in RV(endpoints[].revocation). With V(off), the module sends no request to a CA.
      - The module connects to private addresses only for a CA in O(trusted_ca_path).
      - The module stores the CRLs next to the ledger for the next run, but not in check mode.
    type: str
    choices: [warn, "off"]
    default: warn
  timeout:
    description:
      - Maximum time in seconds for each step of a probe. The steps are the name resolution, the connection, the TLS handshake, and the download
        of all CRLs.
      - If the connection breaks or the handshake takes longer, the module connects once more. If the host rejects the connection, or the
        connection times out, the module does not connect again.
      - For API calls, the limit is 60 seconds or C(timeout) of the configuration file, or O(timeout) if O(timeout) is longer.
    type: float
    default: 10
  concurrency:
    description:
      - Maximum number of endpoints to connect to at the same time, from 1 to 256.
    type: int
    default: 32
seealso:
  - module: softlayer.certificates.ssl_certificate_info
  - module: softlayer.certificates.ssl_certificate_import
"""

EXAMPLES = r"""
- name: Show the certificates of two web servers and of a mail server with implicit TLS
  softlayer.certificates.ssl_endpoint_info:
    endpoints:
      - www.example.com
      - shop.example.com:8443
      - host: mail.example.com
        port: 993
  register: served

- name: Fail for each endpoint that has a problem, or whose certificate is due for renewal
  ansible.builtin.assert:
    that:
      - item.reason is none
      - not item.renewal_due
    fail_msg: >-
      {{ item.host }}:{{ item.port }}: {{ item.reason or 'renewal_due' }}:
      {{ item.message or 'The certificate is due for renewal. It expires at ' ~ item.not_after ~ '.' }}
    quiet: true
  loop: "{{ served.endpoints }}"
  loop_control:
    label: "{{ item.host }}:{{ item.port }}"

- name: Show the certificate of one host behind a name, and trust a private CA
  softlayer.certificates.ssl_endpoint_info:
    endpoints:
      - host: 192.0.2.10
        server_name: www.example.com
    trusted_ca_path: /etc/ssl/authority/root.pem
    check_revocation: "off"
    timeout: 5

- name: Check whether a VPC load balancer and a host behind a name serve the expected certificates
  softlayer.certificates.ssl_endpoint_info:
    endpoints:
      - {host: 0a1b2c3d-eu-de.lb.appdomain.cloud, server_name: www.example.com, expected: 4711}
      - {host: 192.0.2.10, server_name: www.example.com, expected: [www.example.com, example.com]}

- name: Show which certificates in the store the load balancers serve
  softlayer.certificates.ssl_endpoint_info:
    from_load_balancers: true
    gather_stored: true
    concurrency: 64
"""

RETURN = r"""
endpoints:
  description:
    - The endpoints in the order of O(endpoints), followed by the listeners of the load balancers, sorted by ID of the load balancer and by port.
    - The facts of the certificate are null if the endpoint served no certificate.
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: Host name or IP address of the endpoint, or null for a load balancer without an address.
      type: str
      sample: www.example.com
    port:
      description: Port of the endpoint.
      type: int
      sample: 443
    server_name:
      description: The name that the certificate must cover. The module sends the name in the handshake, unless it is an IP address.
      type: str
      sample: www.example.com
    ip_address:
      description: The IP address to which the module connected, or null if the name does not resolve or no address accepted a connection.
      type: str
      sample: 192.0.2.10
    common_name:
      description: Common name of the certificate, or null if the certificate has none. Many certificates of ACME CAs have no common name.
      type: str
      sample: www.example.com
    fingerprint_sha256:
      description: SHA-256 fingerprint of the DER encoding of the certificate, in hexadecimal.
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    public_key_sha256:
      description: SHA-256 digest of the public key (SubjectPublicKeyInfo), in hexadecimal.
      type: str
      sample: 3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718
    serial_number:
      description: Serial number of the certificate.
      type: int
      sample: 305419896
    not_before:
      description: Time when the certificate becomes valid.
      type: str
      sample: "2026-02-01T00:00:00Z"
    not_after:
      description: Time when the certificate expires.
      type: str
      sample: "2027-01-31T23:59:59Z"
    effective_not_after:
      description:
        - Time when TLS clients start to reject the certificate, because the certificate or one of its intermediate certificates expires.
      type: str
      sample: "2027-01-31T23:59:59Z"
    limited_by:
      description: Name of the intermediate certificate that sets C(effective_not_after), or null if the certificate itself sets it.
      type: str
      sample: null
    subject_alt_names:
      description: Subject alternative names of the certificate.
      type: list
      elements: str
      sample: [www.example.com, example.com]
    key_type:
      description: Algorithm of the public key of the certificate, such as V(RSA).
      type: str
      sample: RSA
    key_size:
      description: Size of the public key in bits.
      type: int
      sample: 2048
    issuer:
      description: Common name of the CA that issued the certificate, or the distinguished name of the CA if the CA has no common name.
      type: str
      sample: Example Trust RSA CA 1
    days_until_expiry:
      description: Whole days until the certificate expires, negative after the expiry.
      type: int
      sample: 68
    renewal_due:
      description:
        - Whether the certificate is due for renewal, or null if the endpoint served no certificate. A certificate is due for renewal in the last
          quarter of its validity, at most 30 days before RV(endpoints[].effective_not_after), and after RV(endpoints[].effective_not_after).
      type: bool
      sample: false
    chain:
      description:
        - The other certificates that the server sent, in the order of the server. The other certificates do not necessarily belong to the chain
          of the certificate.
      type: list
      elements: dict
      contains:
        common_name:
          description: Common name of the certificate, or null if the certificate has none.
          type: str
          sample: Example Trust RSA CA 1
        fingerprint_sha256:
          description: SHA-256 fingerprint of the DER encoding of the certificate, in hexadecimal.
          type: str
          sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
        public_key_sha256:
          description: SHA-256 digest of the public key (SubjectPublicKeyInfo), in hexadecimal.
          type: str
          sample: 3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718
        serial_number:
          description: Serial number of the certificate.
          type: int
          sample: 305419896
        not_before:
          description: Time when the certificate becomes valid.
          type: str
          sample: "2026-02-01T00:00:00Z"
        not_after:
          description: Time when the certificate expires.
          type: str
          sample: "2027-01-31T23:59:59Z"
        subject_alt_names:
          description: Subject alternative names of the certificate.
          type: list
          elements: str
          sample: []
        key_type:
          description: Algorithm of the public key of the certificate, such as V(RSA).
          type: str
          sample: RSA
        key_size:
          description: Size of the public key in bits.
          type: int
          sample: 2048
        issuer:
          description: Common name of the CA that issued the certificate, or the distinguished name of the CA if the CA has no common name.
          type: str
          sample: Example Trust Root
    trust:
      description:
        - Level of trust of the certificate. V(trusted) - the chain that the server sent leads to a trusted root certificate, and all signatures
          and dates are valid.
        - V(incomplete) - an intermediate certificate is missing.
        - V(untrusted) - TLS clients reject the chain for another reason.
        - The value is null if the endpoint served no certificate, or if the host that runs the module has no root certificates.
      type: str
      sample: trusted
    accepted:
      description:
        - Whether a TLS client accepts the certificate that the endpoint serves, or null if the module could not connect to the endpoint or the
          host that runs the module has no root certificates.
        - The TLS client is OpenSSL, with RV(endpoints[].server_name), the root certificates of the host and of O(trusted_ca_path), and the
          security level of the host.
      type: bool
      sample: true
    served:
      description:
        - Whether the endpoint serves the expected certificate. The value is null if no certificate is expected, if the endpoint served no
          certificate, or if the result is unknown.
      type: bool
      sample: true
    revocation:
      description:
        - Revocation status of the certificate and its intermediate certificates. The value is null if the endpoint served no certificate, and
          with O(check_revocation=off).
      type: dict
      contains:
        status:
          description: Revocation status, V(good), V(revoked), or V(unknown).
          type: str
          sample: revoked
        certificate:
          description: Name of the certificate that was revoked or whose status is unknown, or null if the status is V(good).
          type: str
          sample: www.example.com
        revoked_at:
          description: Time of the revocation, or null if the certificate was not revoked.
          type: str
          sample: "2026-05-15T12:00:00Z"
        reason:
          description: Reason that the CA specifies, such as V(keyCompromise) or V(superseded), or null if the CA specifies no reason.
          type: str
          sample: keyCompromise
        why:
          description: The reason for the status V(unknown), or null for another status.
          type: str
          sample: null
    name_matches:
      description: Whether the certificate covers RV(endpoints[].server_name), or null if the endpoint served no certificate.
      type: bool
      sample: true
    tls_version:
      description: Negotiated TLS version, or null if the handshake failed.
      type: str
      sample: TLSv1.3
    cipher:
      description: OpenSSL name of the negotiated cipher suite, or null if the handshake failed.
      type: str
      sample: TLS_AES_256_GCM_SHA384
    certificate_ids:
      description:
        - IDs of the served certificate in the certificate store. The value is null without O(gather_stored), and if the endpoint served no
          certificate.
      type: list
      elements: int
      sample: [4711]
    reason:
      description:
        - Code of the problem, or null if the endpoint has no problem. If the endpoint has several problems, the value is the first matching code
          in this list.
        - V(unreachable) - the name does not resolve, or the host does not accept the connection.
        - V(timeout) - a step took longer than O(timeout).
        - V(no_tls) - the server does not use TLS on this port, or not from the start of the connection.
        - V(handshake_failed) - the handshake failed. If the server sent certificates before the failure, the module returns the certificates.
          RV(endpoints[].message) contains the alert of the server.
        - V(not_served) - the endpoint does not serve the expected certificate. RV(endpoints[].message) describes both certificates.
        - V(expired) or V(not_yet_valid) - the certificate has expired, or is not valid yet.
        - V(name_mismatch) - the certificate does not cover RV(endpoints[].server_name).
        - V(untrusted) - the chain does not lead to a trusted root certificate.
        - V(chain_incomplete) - the server does not send an intermediate certificate that the chain needs.
      type: str
      sample: null
    message:
      description:
        - The problem as a sentence, with the error of OpenSSL if a TLS client rejects the certificate, or null if the endpoint has no problem.
      type: str
      sample: null
    load_balancer:
      description: Name of the load balancer.
      returned: for listeners of O(from_load_balancers)
      type: str
      sample: web
    load_balancer_uuid:
      description: UUID of the load balancer.
      returned: for listeners of O(from_load_balancers)
      type: str
      sample: 0b0e9a1d-7c4f-4a3c-9f6e-2d5b8a1c3e4f
    listener_uuid:
      description: UUID of the listener.
      returned: for listeners of O(from_load_balancers)
      type: str
      sample: 5d7f3a2b-1c9e-4e8d-8b6a-9f0e1d2c3b4a
endpoint_count:
  description: Number of items in RV(endpoints).
  returned: success
  type: int
  sample: 3
reason_counts:
  description: Number of endpoints with each RV(endpoints[].reason).
  returned: success
  type: dict
  contains:
    unreachable: {description: Number of endpoints with the reason V(unreachable)., type: int, sample: 0}
    timeout: {description: Number of endpoints with the reason V(timeout)., type: int, sample: 0}
    no_tls: {description: Number of endpoints with the reason V(no_tls)., type: int, sample: 0}
    handshake_failed: {description: Number of endpoints with the reason V(handshake_failed)., type: int, sample: 0}
    not_served: {description: Number of endpoints with the reason V(not_served)., type: int, sample: 0}
    expired: {description: Number of endpoints with the reason V(expired)., type: int, sample: 1}
    not_yet_valid: {description: Number of endpoints with the reason V(not_yet_valid)., type: int, sample: 0}
    name_mismatch: {description: Number of endpoints with the reason V(name_mismatch)., type: int, sample: 0}
    untrusted: {description: Number of endpoints with the reason V(untrusted)., type: int, sample: 0}
    chain_incomplete: {description: Number of endpoints with the reason V(chain_incomplete)., type: int, sample: 0}
api_calls:
  description: Number of HTTP requests to the API, including repeated requests.
  returned: success
  type: int
  sample: 0
failure:
  description: The cause of the failure, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable code of the failure, such as V(invalid_argument) or V(authentication_failed).
      type: str
      sample: authentication_failed
    message:
      description: The cause of the failure and its fix, as in C(msg).
      type: str
      sample: "The API refused the credentials (Invalid API token): check username and api_key."
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
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.run import SPEC, list_libraries, run


def main() -> None:
    """Run the module."""
    Module(SPEC).run_and_exit(run, list_libraries)


if __name__ == "__main__":
    main()
