#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List the certificates in the certificate store, without private keys."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_info
short_description: List the certificates in the certificate store, without private keys
version_added: 1.0.0
description:
  - Lists the certificates in the certificate store of a SoftLayer (IBM Cloud Classic Infrastructure) account.
  - Options are combined with AND, and values in one list with OR. A list or condition that is empty or null is rejected.
  - The module neither requests nor returns private keys.
  - A record without a valid ID is omitted with a warning.
  - The module requires the permission C(SECURITY_CERTIFICATE_MANAGE).
  - For a user with only the permission C(SECURITY_CERTIFICATE_VIEW), the API returns the certificates that have not expired, with their ID,
    common name, organization, key size, and dates. The fields in RV(missing_fields) are then null, RV(limited_to_view) is true, and the module
    issues a warning. An unknown value matches no criterion.
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
  certificate_ids:
    description:
      - IDs of the certificates to list. If an ID does not exist, the module does not fail, and lists the ID in RV(missing_certificate_ids). An
        empty list and null are invalid.
    type: list
    elements: int
  common_names:
    description:
      - Shell patterns of certificate names. The module selects a certificate if its common name or a DNS name matches a pattern, ignoring case.
        An empty list and null are invalid.
      - For a user with view permission only, the module compares the patterns with common names only (see RV(limited_to_view)).
      - A pattern can contain an internationalized name in its Unicode form or in its ASCII form. V(*) also matches dots. To match the name of a
        wildcard certificate itself, write V([*].example.com).
    type: list
    elements: str
  status:
    description:
      - Status of the certificates to list, according to the clock of the host that runs the module. V(all) lists all certificates, V(valid)
        lists only certificates that have not expired, and V(expired) lists only certificates that have expired.
      - A certificate that is not valid yet counts as V(valid).
      - For a user with view permission only, V(expired) returns no certificate, because the API does not return expired certificates to such
        users (see RV(limited_to_view)).
    type: str
    choices: [all, valid, expired]
    default: all
  expires_within_days:
    description:
      - Number of days within which the certificates expire. The module does not list certificates that have already expired.
    type: int
  renewal_due:
    description:
      - Whether the certificate must be due for renewal. V(true) lists only certificates that are due for renewal. V(false) lists only
        certificates that are not due for renewal.
      - A certificate is due for renewal in the last quarter of its validity, at most 30 days before it expires, and after it has expired. The
        option therefore suits certificates that are valid for a year, for 45 days, or for 6 days.
    type: bool
  unused:
    description:
      - Whether the certificate must be unused. V(true) lists only certificates that no service uses. V(false) lists only certificates that a
        service uses.
      - For a user with view permission only, both values return no certificate, because the API does not return the services of a certificate to
        such users (see RV(limited_to_view)).
    type: bool
  include_pem:
    description:
      - Whether to also return the certificate, its intermediate certificates, and its CSR as PEM. The module never returns the private key.
    type: bool
    default: false
  gather_services:
    description:
      - Whether to also return, in RV(certificates[].services), the HTTPS listeners of cloud load balancers that have each certificate. The
        module lists the load balancers once, regardless of the number of certificates.
      - This option requires the permission C(LOADBALANCER_MANAGE) and access to the load balancers. Without the permission or the access,
        RV(certificates[].services) is null, and the module issues a warning.
    type: bool
    default: false
seealso:
  - module: softlayer.certificates.ssl_certificate_import
  - module: softlayer.certificates.ssl_certificate_deploy
  - plugin: softlayer.certificates.certificate_facts
    plugin_type: filter
"""

EXAMPLES = r"""
- name: List the certificate store
  softlayer.certificates.ssl_certificate_info:
  register: store

- name: List the certificates that are due for renewal and in use
  softlayer.certificates.ssl_certificate_info:
    renewal_due: true
    unused: false

- name: List the certificates that expire within 60 days
  softlayer.certificates.ssl_certificate_info:
    expires_within_days: 60

- name: List the listeners that have each certificate
  softlayer.certificates.ssl_certificate_info:
    gather_services: true
  register: served

- name: Show the certificates that no load balancer has
  ansible.builtin.debug:
    msg: "{{ served.certificates | rejectattr('services') | map(attribute='subject_alt_names') }}"
  when: "'services' not in served.missing_fields"

- name: List the certificates that no service uses
  softlayer.certificates.ssl_certificate_info:
    unused: true
  register: unused

- name: Show the IDs of those that another certificate in the store can replace
  ansible.builtin.debug:
    msg: "{{ unused.certificates | selectattr('superseded_by') | map(attribute='id') }}"

- name: List expired certificates of one domain
  softlayer.certificates.ssl_certificate_info:
    common_names:
      - example.com
      - "*.example.com"
    status: expired

- name: Read one certificate
  softlayer.certificates.ssl_certificate_info:
    certificate_ids: [4711]
    include_pem: true
  register: found

- name: Save it with its intermediate certificates
  ansible.builtin.copy:
    content: "{{ found.certificates[0].certificate }}{{ found.certificates[0].intermediate_certificate | default('', true) }}"
    dest: /etc/ssl/www.example.com.pem
    mode: "0644"
"""

RETURN = r"""
certificates:
  description: The certificates that match all criteria, sorted by ID.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the certificate in the store.
      type: int
      sample: 4711
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
    notes:
      description: Notes of the certificate in the store.
      type: str
      sample: web frontend
    organization_name:
      description: Organization of the subject, or null if the certificate has none.
      type: str
      sample: Example Inc.
    days_until_expiry:
      description: Whole days until the certificate expires, negative after the expiry.
      type: int
      sample: 68
    renewal_due:
      description:
        - Whether the certificate is due for renewal, or null if its expiry is not known. A certificate is due for renewal in the last quarter of
          its validity, at most 30 days before RV(certificates[].effective_not_after), and after RV(certificates[].effective_not_after).
      type: bool
      sample: false
    associated_service_count:
      description:
        - Number of services that use the certificate, or the number of load balancer listeners that have the certificate, whichever is higher.
          The value is null if the API does not return the number.
      type: int
      sample: 1
    created_at:
      description: Time when the certificate was stored.
      type: str
      sample: "2026-02-02T09:30:00Z"
    modified_at:
      description: Time when the record was last changed.
      type: str
      sample: "2026-02-02T09:30:00Z"
    superseded_by:
      description:
        - IDs of the certificates in the store that can replace the certificate, or null if the certificate cannot be read.
          M(softlayer.certificates.ssl_certificate_deploy) defines the rule for replacements. The module evaluates trust with the root
          certificates of the host that runs the module.
      type: list
      elements: int
      sample: [4811]
    certificate:
      description: The certificate as PEM, or null if the certificate in the store cannot be read.
      returned: with O(include_pem)
      type: str
      sample: "-----BEGIN CERTIFICATE-----\nMIIF...\n-----END CERTIFICATE-----\n"
    intermediate_certificate:
      description: The intermediate certificates as PEM, one after the other, or null if the record in the store has none.
      returned: with O(include_pem)
      type: str
      sample: "-----BEGIN CERTIFICATE-----\nMIIF...\n-----END CERTIFICATE-----\n"
    certificate_signing_request:
      description: The CSR as PEM, or null if the record in the store has none.
      returned: with O(include_pem)
      type: str
      sample: "-----BEGIN CERTIFICATE REQUEST-----\nMIIF...\n-----END CERTIFICATE REQUEST-----\n"
    services:
      description:
        - The HTTPS listeners of cloud load balancers that have the certificate, sorted by load balancer and port. The value is null if the API
          user does not have the permission to list the load balancers.
        - RV(certificates[].associated_service_count) can be higher, because other services use certificates as well.
      returned: with O(gather_services)
      type: list
      elements: dict
      contains:
        load_balancer:
          description: Name of the load balancer.
          type: str
          sample: shop
        load_balancer_uuid:
          description: UUID of the load balancer.
          type: str
          sample: 6f7a2b1e-1c1d-4f0a-9d5e-2b6c0d1e8f43
        address:
          description: Host name of the load balancer.
          type: str
          sample: shop-1234-dal10.clb.appdomain.cloud
        port:
          description: Port of the listener.
          type: int
          sample: 443
        listener_uuid:
          description: UUID of the listener.
          type: str
          sample: 0d9c8b7a-6543-4210-8fed-cba987654321
certificate_count:
  description: Number of items in RV(certificates).
  returned: success
  type: int
  sample: 1
missing_certificate_ids:
  description: IDs in O(certificate_ids) that are not in the store, or that the API user does not have the permission to view.
  returned: success
  type: list
  elements: int
  sample: []
limited_to_view:
  description:
    - Whether the API user has only the permission C(SECURITY_CERTIFICATE_VIEW). RV(certificates) then contains no expired certificates, and the
      fields in RV(missing_fields) are null.
  returned: success
  type: bool
  sample: false
missing_fields:
  description:
    - Fields that are null in all items of RV(certificates) because the API user has only the permission C(SECURITY_CERTIFICATE_VIEW). With
      O(gather_services), the list also contains V(services) if the user does not have the permission to list the load balancers.
    - The list is empty if the API user has all required permissions.
  returned: success
  type: list
  elements: str
  sample: []
api_calls:
  description: Number of HTTP requests to the API, including repeated requests.
  returned: success
  type: int
  sample: 2
failure:
  description: The cause of the failure, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable code of the failure, such as V(authentication_failed) or V(unreachable).
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
from ansible_collections.softlayer.certificates.plugins.module_utils._store.run_list import LIBRARIES, SPEC, run


def main() -> None:
    """Run the module."""
    Module(SPEC).run_and_exit(run, LIBRARIES)


if __name__ == "__main__":
    main()
