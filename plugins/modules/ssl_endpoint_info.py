#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show which certificates network endpoints serve."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_endpoint_info
short_description: Show which certificates network endpoints serve
version_added: 1.0.0
description:
  - Connects to endpoints, carries out a TLS handshake with each, and returns the certificate that is served, with its chain, and what is
    wrong with it.
  - The endpoints are given in O(endpoints), or are the HTTPS listeners of the account's cloud load balancers, or both.
  - Nothing is sent except the handshake; authorities are asked for their lists of revoked certificates. Nothing is decided by it, so
    expired, untrusted and foreign certificates, and versions from TLS 1.0 on, are seen as well. Trust, validity and names are checked
    afterwards.
  - The module does not fail because of an endpoint; each has a RV(endpoints[].reason). RV(reason_counts) counts them, for a task that
    should fail.
  - Many endpoints are looked at at the same time. One that does not respond does not delay the others.
  - Neither the API nor credentials are needed, except with O(from_load_balancers), O(gather_stored) and C(expected) by an id.
  - O(from_load_balancers) needs the permission to view load balancers, and access to the devices. To read the certificate store,
    C(SECURITY_CERTIFICATE_MANAGE) is needed. With C(SECURITY_CERTIFICATE_VIEW) alone, the certificates themselves are not visible, so
    RV(endpoints[].certificate_ids) is empty, and a warning says so.
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
      - The endpoints to look at, each as text or as a dict. An empty list selects none.
      - Text is a host name or an IP address, with or without a port, such as V(www.example.com), V(www.example.com:8443), V(192.0.2.1),
        V([2001:db8::1]:8443) or V(2001:db8::1). The port is 443 if it is missing. A URL that begins with V(https://) stands for its host
        and port.
      - A dict has the keys C(host), C(port) (443 if it is missing), C(server_name) and C(expected).
      - C(server_name) is the name that is asked for in the handshake (SNI), and that the certificate has to be for. It is C(host) if it is
        missing. An IP address is not asked for, because SNI has no addresses; the certificate has to contain the address.
      - C(expected) is what must be served - a name or a list of names (then a certificate for all of them), or the id of a certificate of the
        store, such as V(4711) (then that one, or one that may stand in for it). It may also be a dict with the one key C(names) or
        C(certificate_id). Whatever else is served is V(not_served). An id that the store does not have fails the task.
      - A host name that resolves to several addresses is looked at on the first address that accepts a connection.
    type: list
    elements: raw
  from_load_balancers:
    description:
      - Whether to look at every HTTPS listener of the account's cloud load balancers, after those of O(endpoints).
      - The name that is asked for is one of the names of the listener's certificate in the store. For a wildcard certificate, C(www) is
        put in place of the C(*). If the certificate is not in the store, it is the load balancer's own name.
    type: bool
    default: false
  gather_stored:
    description:
      - Whether to also return the ids of the same certificate in the certificate store, in RV(endpoints[].certificate_ids).
    type: bool
    default: false
  trusted_ca_path:
    description:
      - File, or folder of files, with the trusted certificates as PEM. They do not have to be roots.
      - They are added to the machine's roots - those of the file of E(SSL_CERT_FILE) or E(REQUESTS_CA_BUNDLE), of the folder of
        E(SSL_CERT_DIR), or else of its trust store. A file that one of these names replaces the trust store, so it must contain the
        public roots, too.
    type: path
  check_revocation:
    description:
      - With V(warn), the lists of revoked certificates are read that the authorities of what is served publish over HTTP, and
        RV(endpoints[].revocation) says what is in them. Private addresses are asked only for an authority of O(trusted_ca_path).
      - What an authority says is kept for the next run, beside the ledger. Check mode keeps nothing.
      - With V(off), no authority is asked.
    type: str
    choices: [warn, "off"]
    default: warn
  timeout:
    description:
      - Maximum number of seconds for each step of a look - to resolve the name, to connect, to carry out the handshake, and to get all lists
        of revoked certificates.
      - A connection that breaks, or whose handshake takes longer, is made once more. A connection that is refused, or not accepted in time, is
        not.
      - A call of the API may take 60 seconds, or C(timeout) of the config file, or this if it is longer.
    type: float
    default: 10
  concurrency:
    description:
      - Number of endpoints that are looked at at the same time, from V(1) to V(256).
    type: int
    default: 32
seealso:
  - module: softlayer.certificates.ssl_certificate_info
  - module: softlayer.certificates.ssl_certificate_import
"""

EXAMPLES = r"""
- name: Look at two web servers, and at a mail server that speaks TLS from the start
  softlayer.certificates.ssl_endpoint_info:
    endpoints:
      - www.example.com
      - shop.example.com:8443
      - host: mail.example.com
        port: 993
  register: served

- name: Fail for each that something is wrong with, or whose certificate should have been renewed
  ansible.builtin.assert:
    that:
      - item.reason is none
      - not item.renewal_due
    fail_msg: >-
      {{ item.host }}:{{ item.port }}: {{ item.reason or 'renewal_due' }}:
      {{ item.message or 'The certificate ends at ' ~ item.not_after ~ ' and should have been renewed.' }}
    quiet: true
  loop: "{{ served.endpoints }}"
  loop_control:
    label: "{{ item.host }}:{{ item.port }}"

- name: Look at one machine behind a name, and trust an authority of your own
  softlayer.certificates.ssl_endpoint_info:
    endpoints:
      - host: 192.0.2.10
        server_name: www.example.com
    trusted_ca_path: /etc/ssl/authority/root.pem
    check_revocation: "off"
    timeout: 5

- name: See whether a VPC load balancer and a machine behind a name serve what they must
  softlayer.certificates.ssl_endpoint_info:
    endpoints:
      - {host: 0a1b2c3d-eu-de.lb.appdomain.cloud, server_name: www.example.com, expected: 4711}
      - {host: 192.0.2.10, server_name: www.example.com, expected: [www.example.com, example.com]}

- name: See which certificates of the store the load balancers serve
  softlayer.certificates.ssl_endpoint_info:
    from_load_balancers: true
    gather_stored: true
    concurrency: 64
"""

RETURN = r"""
endpoints:
  description:
    - What the endpoints serve, in the order of O(endpoints), followed by the listeners of the load balancers, sorted by id of the load
      balancer and by port.
    - The facts of a certificate are null if none was seen.
  returned: success
  type: list
  elements: dict
  contains:
    host:
      description: Host name or IP address that was connected to; null for a load balancer without an address.
      type: str
      sample: www.example.com
    port:
      description: The port.
      type: int
      sample: 443
    server_name:
      description: The name that the certificate has to be for; it was asked for in the handshake, unless it is an IP address.
      type: str
      sample: www.example.com
    ip_address:
      description: The IP address that was connected to; null if the name does not resolve, or none of its addresses accepted a connection.
      type: str
      sample: 192.0.2.10
    common_name:
      description: The subject's common name; null if it has none, as in many certificates of ACME authorities.
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
    effective_not_after:
      description: Until when clients take it, which is the end of itself or of the issuer on its path to the root that ends first.
      type: str
      sample: "2027-01-31T23:59:59Z"
    limited_by:
      description: Name of that issuer; null if no issuer ends before the certificate does.
      type: str
      sample: null
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
    issuer:
      description: Common name of the issuer, or its distinguished name if it has none.
      type: str
      sample: Example Trust RSA CA 1
    days_until_expiry:
      description: Whole days left, negative once it has expired.
      type: int
      sample: 68
    renewal_due:
      description:
        - Whether it should have been renewed by now. It is due in the last quarter of its life, at most 30 days before RV(endpoints[].effective_not_after),
          and stays due after it. Null without a certificate.
      type: bool
      sample: false
    chain:
      description: What else the server sent, in its order. Not necessarily the issuers.
      type: list
      elements: dict
      contains:
        common_name:
          description: The subject's common name.
          type: str
          sample: Example Trust RSA CA 1
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
          sample: []
        key_type:
          description: Algorithm of the key.
          type: str
          sample: RSA
        key_size:
          description: Size of the key in bits.
          type: int
          sample: 2048
        issuer:
          description: Common name of the issuer, or its distinguished name if it has none.
          type: str
          sample: Example Trust Root
    trust:
      description:
        - V(trusted) - a chain of what the server sent leads to a trusted root, and every signature and date is good.
        - V(incomplete) - an issuer is missing.
        - V(untrusted) - every other case.
        - Null without a certificate, or if this machine has no root certificates.
      type: str
      sample: trusted
    accepted:
      description:
        - Whether a client accepts what is served. OpenSSL is asked, in a handshake, with RV(endpoints[].server_name), the roots of
          O(trusted_ca_path) and of the machine, and the machine's level of security. Null if it could not be looked at, and on a machine
          without roots.
      type: bool
      sample: true
    served:
      description: Whether it serves what is expected; null if nothing is, if no certificate was seen, and if it is not known.
      type: bool
      sample: true
    revocation:
      description:
        - Whether the certificate was revoked, or one of its issuers. Null without a certificate, and with O(check_revocation=off).
      type: dict
      contains:
        status:
          description: V(good), V(revoked) or V(unknown).
          type: str
          sample: revoked
        certificate:
          description: Name of the one that was revoked, or of which nothing is known.
          type: str
          sample: www.example.com
        revoked_at:
          description: When it was revoked.
          type: str
          sample: "2026-05-15T12:00:00Z"
        reason:
          description: The authority's word for why, such as V(keyCompromise) or V(superseded); null if it gives none.
          type: str
          sample: keyCompromise
        why:
          description: Why it is not known.
          type: str
          sample: null
    name_matches:
      description: Whether the certificate is for RV(endpoints[].server_name); null without a certificate.
      type: bool
      sample: true
    tls_version:
      description: Version of TLS that was agreed on, the newest that both know; null if the handshake failed.
      type: str
      sample: TLSv1.3
    cipher:
      description: Cipher suite that was agreed on, by its name in OpenSSL; null if none was.
      type: str
      sample: TLS_AES_256_GCM_SHA384
    certificate_ids:
      description: Ids of the same certificate in the certificate store; null without O(gather_stored), and without a certificate.
      type: list
      elements: int
      sample: [4711]
    reason:
      description:
        - Null if nothing is wrong. If several reasons apply, it is the first of this list.
        - V(unreachable) - the name does not resolve, or the host does not accept a connection.
        - V(timeout) - a step took longer than O(timeout).
        - V(no_tls) - the server does not speak TLS there, or not from the start.
        - V(handshake_failed) - the handshake failed. If certificates came before it did, they are returned. RV(endpoints[].message) names
          the alert that the server sent.
        - V(not_served) - another certificate is served than is expected. RV(endpoints[].message) names both.
        - V(expired) or V(not_yet_valid) - the certificate has expired, or is not valid yet.
        - V(name_mismatch) - the certificate is not for RV(endpoints[].server_name).
        - V(untrusted) - the chain does not lead to a trusted root.
        - V(chain_incomplete) - the server does not send an issuer that the chain needs.
      type: str
      sample: null
    message:
      description: The reason in a sentence, with what OpenSSL says if a client refuses it; null if nothing is wrong.
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
  description: Number of RV(endpoints).
  returned: success
  type: int
  sample: 3
reason_counts:
  description: Number of endpoints for each reason.
  returned: success
  type: dict
  sample:
    unreachable: 0
    timeout: 0
    no_tls: 0
    handshake_failed: 0
    not_served: 0
    expired: 1
    not_yet_valid: 0
    name_mismatch: 0
    untrusted: 0
    chain_incomplete: 0
api_calls:
  description: Number of HTTP requests that were made to the API; 0 where it is not needed.
  returned: success
  type: int
  sample: 0
failure:
  description: What went wrong, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable name of the failure, such as V(invalid_argument) or V(authentication_failed).
      type: str
      sample: invalid_argument
    message:
      description: The same sentence as C(msg).
      type: str
    details:
      description: Details of this failure.
      type: dict
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.run import SPEC, libraries, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, libraries)


if __name__ == "__main__":
    main()
