#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring what any client has renewed to the listeners that serve it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_rotate
short_description: Import renewed certificates, have load balancers serve them, see that they do, and clean up
version_added: 1.0.0
description:
  - Reads the O(sources), imports what may stand in for a certificate of the store, has the HTTPS listeners of load balancers serve it, looks
    at each of their addresses, and deletes what was replaced.
  - A certificate may stand in for another one if it is valid, newer, of the same organization and key type, has all of its names, is trusted
    no less, and does not end before it while due.
  - What a client accepts today, it accepts tomorrow, or the run fails. Authorities are asked what they have revoked, or want renewed.
  - Needs C(SECURITY_CERTIFICATE_MANAGE), C(LOADBALANCER_MANAGE) and access to the load balancers.
  - An option that limits a run, such as O(load_balancers), is refused if it is null or empty. To not limit the run, do not set the option.
author:
  - softlayer.certificates contributors (@softlayer)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.ledger
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.attributes
  - softlayer.certificates.attributes.action_group
  - softlayer.certificates.attributes.progress
requirements:
  - imap-tools >= 1.11 (for a mailbox on a server)
  - ibm-secrets-manager-sdk >= 2.1.13 (for Secrets Manager)
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  sources:
    description:
      - Where certificates and keys come from, one kind an entry.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - The directory of certbot, lego, or acme.sh, the C(acme.json) of Traefik, or a directory of certificates and keys. The module detects
            which of these it is, and fails if the path contains no certificates.
        type: path
      certbot:
        description: V(/etc/letsencrypt), or a folder in it.
        type: path
      lego:
        description: V(~/.lego), or V(certificates) in it.
        type: path
      acme_sh:
        description: V(~/.acme.sh), or one folder in it.
        type: path
      traefik:
        description: Its file C(acme.json), of Traefik 2 or later.
        type: path
      folder:
        description: Of certificates and keys; not the folders in it.
        type: path
      mail:
        description: A mailbox; needs O(sources[].privatekey_dir).
        type: dict
        suboptions:
          imap:
            description: A folder on an IMAP server.
            type: dict
            suboptions:
              host:
                description: The mail server.
                type: str
                required: true
              port:
                description: Its port; default that of C(security).
                type: int
              username:
                description: Whose mailbox it is.
                type: str
                required: true
              password:
                description: Password of that user.
                type: str
                required: true
              folder:
                description: Folder to read.
                type: str
                default: INBOX
              security:
                description: How to encrypt; V(none) only on loopback.
                type: str
                choices: [tls, starttls, none]
                default: tls
              validate_certs:
                description: Whether to verify its certificate.
                type: bool
                default: true
              ca_path:
                description: File of CA certificates to verify it with.
                type: path
              timeout:
                description: Seconds for each response.
                type: float
                default: 60
          maildir:
            description: A Maildir, with C(new) and C(cur).
            type: path
          paths:
            description: Messages, and folders of C(.eml) files.
            type: list
            elements: path
          max_age_days:
            description: Older messages are not read.
            type: float
            default: 30
          max_message_bytes:
            description: Larger messages are passed over.
            type: int
            default: 10485760
      privatekey_dir:
        description: Folder of the keys to search for.
        type: path
      secrets_manager:
        description: An instance of IBM Cloud Secrets Manager.
        type: dict
        suboptions:
          instance_url:
            description: Or E(SOFTLAYER_CERTIFICATES_INSTANCE_URL).
            type: str
          iam_url:
            description: Or E(SOFTLAYER_CERTIFICATES_IAM_URL), else IBM's.
            type: str
          api_key:
            description: Or E(IBMCLOUD_API_KEY), or O(api_key) of V(apikey).
            type: str
          names:
            description: Patterns of names; each must match. A list that is empty or null is refused here, too.
            type: list
            elements: str
          labels:
            description: A secret must have all of them.
            type: list
            elements: str
          secret_groups:
            description: Names or ids of groups.
            type: list
            elements: str
          types:
            description: Types of secrets; default all.
            type: list
            elements: str
            choices: [public_cert, imported_cert, private_cert]
  phases:
    description:
      - V(clean_up) needs O(remove_superseded), V(report) the role.
    type: list
    elements: str
    choices: [import, deploy, verify, clean_up, report]
    default: [import, deploy, verify, clean_up]
  common_names:
    description: Patterns of names, by default all. Each must match. A list that is empty or null is refused.
    type: list
    elements: str
  load_balancers:
    description: Patterns of names, by default all. Each must match. A list that is empty or null is refused.
    type: list
    elements: str
  import_new:
    description: Whether to import also what replaces nothing.
    type: bool
    default: false
  trust:
    description: V(require) imports only what leads to a trusted root.
    type: str
    choices: [require, warn]
    default: require
  trusted_ca_path:
    description: Roots (file or folder) beside the machine's.
    type: path
  intermediate_path:
    description: File of issuers that sources lack.
    type: path
  privatekey_passphrase:
    description: Opens the keys and PKCS#12 files.
    type: str
  concurrency:
    description: Maximum number of API calls at once.
    type: int
    default: 8
  deploy_concurrency:
    description: Load balancers to change at once.
    type: int
    default: 4
  max_listeners:
    description: With more to switch, none is; the run fails.
    type: int
    default: 20
  balancer_wait_timeout:
    description: Seconds to wait for balancers and runs.
    type: float
    default: 900
  verify_timeout:
    description: Seconds until a switched listener serves what it got.
    type: float
    default: 120
  rollback:
    description: Whether to point a listener back that a switch broke.
    type: bool
    default: true
  remove_superseded:
    description: Whether to delete what is seen to be replaced.
    type: bool
    default: false
  remove_unverified:
    description: Whether to do it also where nobody can look.
    type: bool
    default: false
  ledger_url:
    description: Ledger by which runs take turns, else E(SOFTLAYER_CERTIFICATES_LEDGER_URL), else a file.
    type: str
  endpoints:
    description: What else must serve it, as in M(softlayer.certificates.ssl_endpoint_info), for V(verify).
    type: list
    elements: raw
  approved:
    description:
      - What check mode returned; only that is done. Null or V({}) is refused. An import or a switch that cannot be done any more fails with the reason
        V(changed_meanwhile).
    type: dict
  adopt:
    description:
      - Only gives the first certificate of a name, see RV(adopted). Null is refused.
    type: dict
    suboptions:
      common_name:
        description: A name of a certificate of the sources.
        type: str
        required: true
      listeners:
        description: As V(prod-web:443); default by its names. A list that is empty or null is refused.
        type: list
        elements: str
  gather_certificates:
    description: Whether to return what a report needs.
    type: bool
    default: true
  check_revocation:
    description: With V(off), no authority is asked anything.
    type: str
    choices: [warn, "off"]
    default: warn
  fail_on:
    description:
      - For which reasons in RV(attention) the module fails. It fails for V(held_back) after 3 days, and for V(unusable) once what is served is
        due for renewal and nothing else renews it.
    type: list
    elements: str
    choices: [expired, expiring, not_yet_valid, unusable, revoked, held_back, not_served, not_accepted, renewal_requested]
    default: [expired, expiring, not_yet_valid, unusable, revoked, held_back]
"""

EXAMPLES = r"""
- name: Bring what certbot has renewed to the load balancers
  softlayer.certificates.ssl_certificate_rotate:
    sources: [{certbot: /etc/letsencrypt}]
    remove_superseded: true
  check_mode: true # only shows what would be done
  register: shown

- name: Do only that
  softlayer.certificates.ssl_certificate_rotate:
    sources: [{certbot: /etc/letsencrypt}]
    remove_superseded: true
    approved: "{{ shown.preview }}"

- name: Rotate what the client of this host has renewed, whichever client that is
  softlayer.certificates.ssl_certificate_rotate:
    sources: [{path: /etc/letsencrypt}]

- name: Rotate certificates of several clients, for some names and load balancers
  softlayer.certificates.ssl_certificate_rotate:
    sources: [{lego: ~/.lego}, {acme_sh: ~/.acme.sh}, {traefik: /etc/traefik/acme.json}]
    privatekey_passphrase: "{{ vault_key_passphrase }}"
    trusted_ca_path: /etc/ssl/company-roots.pem
    common_names: [example.com, "*.example.com"]
    load_balancers: ["prod-*"]
    max_listeners: 50
    concurrency: 16
    deploy_concurrency: 8
    ledger_url: "postgresql://certificates:{{ vault_ledger_password }}@db.example.com/certificates"

- name: Rotate certificates that come by email, and what Secrets Manager has renewed, over the private network
  softlayer.certificates.ssl_certificate_rotate:
    sources:
      - mail:
          imap:
            {host: imap.example.com, username: certificates, password: "{{ vault_mail_password }}", folder: CA mail, timeout: 30,
             port: 143, security: starttls, validate_certs: true, ca_path: /etc/ssl/certs/example-ca.pem}
          max_age_days: 60
        privatekey_dir: /srv/keys
      - {mail: {maildir: ~/Maildir}, privatekey_dir: /srv/keys}
      - {mail: {paths: [~/Downloads/certificates], max_message_bytes: 1048576}, privatekey_dir: /srv/keys}
      - secrets_manager:
          {names: ["shop-*"], labels: [classic], secret_groups: [production], types: [public_cert, imported_cert],
           instance_url: https://0a1b2c3d-1111-2222-3333-444455556666.private.eu-de.secrets-manager.appdomain.cloud,
           iam_url: https://private.iam.cloud.ibm.com, api_key: "{{ vault_ibm_cloud_api_key }}"}
    intermediate_path: /srv/ca.pem

- name: Give a listener its first certificate of Let's Encrypt
  softlayer.certificates.ssl_certificate_rotate:
    sources: [{certbot: /etc/letsencrypt}]
    adopt: {common_name: portal.example.com, listeners: ["prod-portal:443"]}

- name: See what is served and what is due, and change nothing
  softlayer.certificates.ssl_certificate_rotate:
    phases: [verify]
    endpoints: [{host: vpc.example.net, server_name: www.example.com, expected: [www.example.com, example.com]}]
    check_revocation: "off"
    fail_on: [expired, expiring, not_served]
    gather_certificates: false

- name: Take all that a folder has, in a short window, and leave what breaks
  softlayer.certificates.ssl_certificate_rotate:
    {sources: [{folder: /srv/tls}], import_new: true, trust: warn, rollback: false, remove_superseded: true, remove_unverified: true,
     balancer_wait_timeout: 300, verify_timeout: 60}
"""

RETURN = r"""
imported:
  description:
    - What was imported, with its C(source).
  returned: success
  type: list
  elements: dict
deployed:
  description: The listeners that were switched.
  returned: success
  type: list
  elements: dict
verified:
  description: Those seen to serve what they have.
  returned: success
  type: list
  elements: dict
removed:
  description: The certificates that were deleted.
  returned: success
  type: list
  elements: dict
skipped_items:
  description:
    - What was left out, each with C(reason), C(message).
  returned: success
  type: list
  elements: dict
failed_items:
  description: What failed, in the same form.
  returned: success
  type: list
  elements: dict
attention:
  description:
    - What needs a person, the most urgent first, each with C(load_balancer), C(port), C(name), C(reason), C(cause), C(not_after), C(effective_not_after),
      C(limited_by), C(days_until_expiry), C(held_back_since), C(explanation_url), C(message).
    - C(cause) identifies the problem that C(message) includes, so that you can find it in another list. It has C(reason). For a certificate of a
      source, it also has C(source), C(name), and C(path), as in RV(skipped_items), and C(reason) is null if nothing is wrong with the certificate.
      If C(message) includes nothing from another list, C(cause) is null.
    - An item that has the same C(cause) as an item C(expired) or C(expiring) of the same listener reports the same problem.
  returned: success
  type: list
  elements: dict
  sample:
    - load_balancer: web
      port: 443
      name: www.example.com
      reason: held_back
      cause: {reason: names_not_covered, source: certbot, name: www.example.com, path: /etc/letsencrypt/live/www.example.com/cert.pem}
      message: >-
        The newer certificate of certbot www.example.com (/etc/letsencrypt/live/www.example.com/cert.pem) is held back. It lacks names that are
        served now: shop.example.com. Have it issued for all names.
listeners:
  description:
    - All considered, as after the run, as in M(softlayer.certificates.ssl_certificate_deploy), with C(better_certificate_id),
      C(days_until_expiry), C(renewal_due), C(revocation), C(served_name); O(endpoints), too.
  returned: success
  type: list
  elements: dict
selection:
  description: What the run was limited to.
  returned: with O(gather_certificates)
  type: dict
certificates:
  description: The store, with C(services).
  returned: with O(gather_certificates)
  type: list
  elements: dict
source_certificates:
  description: What the sources hold.
  returned: with O(gather_certificates)
  type: list
  elements: dict
source_problems:
  description: What of the sources cannot be used.
  returned: with O(gather_certificates)
  type: list
  elements: dict
empty_sources:
  description: Sources that bring nothing, each with C(message).
  returned: success
  type: list
  elements: dict
adopted:
  description:
    - What the listeners of O(adopt) get, each with C(previous), C(new), C(losses), C(overrides).
  returned: with O(adopt)
  type: list
  elements: dict
totals:
  description: The totals in one line; each listener counts once.
  returned: success
  type: str
preview:
  description: What O(approved) looks at.
  returned: in check mode
  type: dict
summary:
  description: What was done, and needs a person, in sentences.
  returned: success
  type: list
  elements: str
api_calls:
  description: Number of HTTP requests, with retries.
  returned: success
  type: int
failure:
  description:
    - Why it failed, with C(code), C(message), C(details).
    - Where the run has ended with its lists, C(details.failing) is the number of what failed it, so never 0. Each item of RV(failed_items) counts,
      each item of RV(attention) for which the run fails, and that it was interrupted.
  returned: failure
  type: dict
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.options import SPEC, libraries
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.run_rotate import run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, libraries)


if __name__ == "__main__":
    main()
