#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List the certificate store, never its private keys."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_info
short_description: List the certificate store, never its private keys
version_added: 1.0.0
description:
  - Lists the certificates in the certificate store of a SoftLayer (IBM Cloud Classic Infrastructure) account.
  - Options combine with AND, values inside one list with OR. A list or condition that is empty or null is refused.
  - Private keys are neither requested nor returned.
  - An entry without a usable id is left out, with a warning.
  - Needs the permission C(SECURITY_CERTIFICATE_MANAGE). A user with C(SECURITY_CERTIFICATE_VIEW) alone gets the certificates that have not
    expired, with their id, common name, organization, key size and dates, and with O(gather_services) their services; the fields that
    RV(missing_fields) names are null, RV(limited_to_view) is true, and a warning says so. An unknown value matches no criterion.
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
      - Only these certificates. A list that is empty or null is refused. An id that does not exist is listed in RV(missing_certificate_ids); it
        is not an error.
    type: list
    elements: int
  common_names:
    description:
      - Only certificates with a name that matches one of these shell patterns, ignoring case. A list that is empty or null is refused. Both the
        common name and the DNS names are compared; a certificate may have no common name. A user with view permission only finds
        certificates by their common names; see RV(limited_to_view).
      - An internationalised name matches in its Unicode form and in its ASCII form. V(*) also matches dots. To match the name of a wildcard
        certificate itself, write V([*].example.com).
    type: list
    elements: str
  status:
    description:
      - With V(valid), only certificates that have not expired. With V(expired), only certificates that have expired. The clock of the
        machine that runs the module decides.
      - A certificate that is not valid yet counts as V(valid).
      - With V(expired), a user with view permission only gets none, because the API does not show expired certificates to them; see
        RV(limited_to_view).
    type: str
    choices: [all, valid, expired]
    default: all
  expires_within_days:
    description:
      - Only certificates that expire within this number of days and have not expired yet.
    type: int
  renewal_due:
    description:
      - With V(true), only certificates that should have been renewed by now. With V(false), only certificates that need not be renewed yet.
      - A certificate is due in the last quarter of its life, at most 30 days before its end, and stays due after it has expired. So it is the
        same question for certificates of a year, of 45 days and of 6 days.
    type: bool
  unused:
    description:
      - With V(true), only certificates that no service uses. With V(false), only certificates that a service uses.
      - A user with view permission only gets none in both cases, because the API does not show them which services use a certificate; see
        RV(limited_to_view).
    type: bool
  include_pem:
    description:
      - Whether to also return the certificate, its intermediate certificates and its CSR as PEM. The private key is never returned.
    type: bool
    default: false
  gather_services:
    description:
      - Whether to also return which HTTPS listeners of cloud load balancers serve each certificate, as RV(certificates[].services). This
        lists the load balancers once, however many certificates there are.
      - A user who may not list the load balancers, which needs the permission C(LOADBALANCER_MANAGE) and access to the devices, gets null
        and a warning.
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

- name: List the certificates that expire within 60 days, due or not, to plan ahead
  softlayer.certificates.ssl_certificate_info:
    expires_within_days: 60

- name: List what serves each certificate
  softlayer.certificates.ssl_certificate_info:
    gather_services: true
  register: served

- name: Show the certificates that no load balancer serves
  ansible.builtin.debug:
    msg: "{{ served.certificates | rejectattr('services') | map(attribute='subject_alt_names') }}"
  when: "'services' not in served.missing_fields"

- name: Show the certificates that nothing uses and that a better one of the store may stand in for
  softlayer.certificates.ssl_certificate_info:
    unused: true
  register: unused

- name: Name them
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
  description: The certificates that match all criteria, sorted by id.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id in the store.
      type: int
      sample: 4711
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
      description: Until when clients take the certificate, which is the end of itself or of the issuer on its path to the root that ends first.
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
    notes:
      description: The notes that the store holds with it.
      type: str
      sample: web frontend
    organization_name:
      description: The subject's organization.
      type: str
      sample: Example Inc.
    days_until_expiry:
      description: Whole days left, negative once it has expired.
      type: int
      sample: 68
    renewal_due:
      description:
        - Whether it should have been renewed by now. It is due in the last quarter of its life, at most 30 days before
          RV(certificates[].effective_not_after), and stays due after it. Null if its end is not known.
      type: bool
      sample: false
    associated_service_count:
      description: Number of services that use it, or number of load balancer listeners if that is higher; null if the API does not report
        it.
      type: int
      sample: 1
    created_at:
      description: When it was stored.
      type: str
      sample: "2026-02-02T09:30:00Z"
    modified_at:
      description: When the record was last changed.
      type: str
      sample: "2026-02-02T09:30:00Z"
    superseded_by:
      description:
        - Ids of the certificates in the store that may stand in for it. What may stand in for what is said in
          M(softlayer.certificates.ssl_certificate_deploy); for trust, the roots of this machine decide. Empty if there is none, null if the
          certificate cannot be read.
      type: list
      elements: int
      sample: [4811]
    certificate:
      description: The certificate as PEM; null if the certificate in the store cannot be read.
      returned: with O(include_pem)
      type: str
    intermediate_certificate:
      description: The intermediate certificates as PEM, one after the other; null if there are none.
      returned: with O(include_pem)
      type: str
    certificate_signing_request:
      description: The CSR as PEM; null if there is none.
      returned: with O(include_pem)
      type: str
    services:
      description:
        - The HTTPS listeners of cloud load balancers that serve it, sorted by load balancer and port. Empty if none does; null if the API
          user may not list the load balancers.
        - RV(certificates[].associated_service_count) may be higher, because other services use certificates, too.
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
  description: Number of RV(certificates).
  returned: success
  type: int
  sample: 1
missing_certificate_ids:
  description: Ids of O(certificate_ids) that are not in the store, or that the API user may not see.
  returned: success
  type: list
  elements: int
  sample: []
limited_to_view:
  description:
    - Whether the API user has only the permission C(SECURITY_CERTIFICATE_VIEW). RV(certificates) then does not contain expired ones, and
      the fields that RV(missing_fields) names are null.
  returned: success
  type: bool
  sample: false
missing_fields:
  description:
    - Fields of RV(certificates) that are null in all of them because the API user has only the permission C(SECURITY_CERTIFICATE_VIEW),
      and with O(gather_services) V(services), if the user may not list the load balancers.
    - Empty for a user with the permissions that are needed.
  returned: success
  type: list
  elements: str
  sample: []
api_calls:
  description: Number of HTTP requests that were made.
  returned: success
  type: int
  sample: 2
failure:
  description: What went wrong, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable name of the failure, such as V(authentication_failed) or V(unreachable).
      type: str
      sample: authentication_failed
    message:
      description: The same sentence as C(msg).
      type: str
    details:
      description: Details of this failure.
      type: dict
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._store.run_list import LIBRARIES, SPEC, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, LIBRARIES)


if __name__ == "__main__":
    main()
