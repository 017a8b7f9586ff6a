#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deploy renewed certificates to HTTPS listeners, and verify the served certificates."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_rotate
short_description: Deploy renewed certificates to HTTPS listeners and verify what they serve
version_added: 1.0.0
description:
  - Reads renewed certificates from O(sources), imports those that can replace a certificate in the store, switches the HTTPS listeners to them,
    verifies what each address of a listener serves, and deletes the replaced certificates if O(remove_superseded=true).
  - A certificate can replace another one if it is valid, is newer, has the same organization and key type, covers all DNS names of the other
    certificate, is trusted at least as much, and does not expire earlier while it is due for renewal. See
    M(softlayer.certificates.ssl_certificate_deploy) for the complete rule.
  - Each listener is tested with a TLS client (OpenSSL) before and after the change. If the client accepted the old certificate and rejects the
    new one, the module rolls the listener back and fails.
  - In check mode, the module makes the same decisions, but imports, switches, and deletes nothing.
  - The module requires the permissions C(SECURITY_CERTIFICATE_MANAGE) and C(LOADBALANCER_MANAGE), and access to the load balancers.
  - An option that limits a run, such as O(load_balancers), is rejected if it is null or empty. To not limit the run, do not set the option.
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
      - The sources of the certificates and private keys. Each list entry has exactly one kind of source.
      - The phase V(import) requires at least one source.
      - The module pairs each certificate with its private key by the public key, independent of the file names. The module skips files that are
        damaged or incomplete, and reports the reason.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Path of the certbot, lego, acme.sh, or Caddy directory, of the Traefik file C(acme.json), or of a directory that contains certificates and
            private keys. The module detects the kind of the source, and fails if the path contains no certificates.
        type: path
      certbot:
        description:
          - Path of the certbot configuration directory, such as V(/etc/letsencrypt), of its C(live) directory, or of the directory of one
            certificate in C(live).
        type: path
      lego:
        description: Path of the lego directory, such as V(~/.lego), or of its C(certificates) directory.
        type: path
      acme_sh:
        description: Path of the acme.sh directory, such as V(~/.acme.sh), or of the directory of one certificate in the acme.sh directory.
        type: path
      traefik:
        description: Path of the C(acme.json) file of Traefik 2 or later, or of the directory that contains the file.
        type: path
      caddy:
        description: Path of the Caddy data directory, such as V(~/.local/share/caddy), or of a directory for certificates in the data directory.
        type: path
      folder:
        description: Path of a directory that contains certificates and private keys. The module does not read subdirectories.
        type: path
      mail:
        description: The mailbox that receives the certificates. This source requires O(sources[].privatekey_dir).
        type: dict
        suboptions:
          imap:
            description: A folder on an IMAP server. Set exactly one of C(imap), C(maildir), and C(paths).
            type: dict
            suboptions:
              host:
                description: Host name or IP address of the IMAP server.
                type: str
                required: true
              port:
                description: Port of the IMAP server. The default is V(993) with O(sources[].mail.imap.security=tls), otherwise V(143).
                type: int
              username:
                description: User name for the login to the IMAP server.
                type: str
                required: true
              password:
                description: Password for the login to the IMAP server.
                type: str
                required: true
              folder:
                description: Name of the IMAP folder to search.
                type: str
                default: INBOX
              security:
                description: Encryption method of the connection. V(none) is allowed only for a loopback address.
                type: str
                choices: [tls, starttls, none]
                default: tls
              validate_certs:
                description: Whether to verify the certificate of the IMAP server.
                type: bool
                default: true
              ca_path:
                description: Path of a file with the CA certificates that verify the IMAP server.
                type: path
              timeout:
                description: Maximum time in seconds to wait for each response of the IMAP server.
                type: float
                default: 60
          maildir:
            description: Path of a Maildir, which is a directory with the subdirectories C(new) and C(cur).
            type: path
          paths:
            description: Paths of saved messages, or of directories that contain C(.eml) files.
            type: list
            elements: path
          max_age_days:
            description: Maximum age of messages in days. The module ignores older messages.
            type: float
            default: 30
          max_message_bytes:
            description: Maximum size of a message in bytes, from 65536 to 1073741824. The module skips larger messages.
            type: int
            default: 10485760
      privatekey_dir:
        description:
          - Path of the directory with the private keys. The module searches O(sources[].mail) for the certificates that match the private keys.
        type: path
      secrets_manager:
        description: An instance of IBM Cloud Secrets Manager. For all certificates of the instance, write V({}).
        type: dict
        suboptions:
          instance_url:
            description: URL of the instance. The default is the environment variable E(SOFTLAYER_CERTIFICATES_INSTANCE_URL).
            type: str
          iam_url:
            description:
              - URL of the IAM service. The default is the environment variable E(SOFTLAYER_CERTIFICATES_IAM_URL), or else the public IAM service
                of IBM Cloud, or its private endpoint if O(sources[].secrets_manager.instance_url) is a private endpoint.
            type: str
          api_key:
            description:
              - IBM Cloud API key for the instance. Without this key, the module uses O(iam_token), or else O(api_key) if O(username=apikey), or else
                the environment variable E(IBMCLOUD_API_KEY), or else E(IBMCLOUD_IAM_TOKEN).
            type: str
          names:
            description:
              - Shell patterns of the names of the secrets to read, ignoring case. If a pattern matches no secret, the run fails. An empty list
                and null are invalid.
            type: list
            elements: str
          labels:
            description:
              - Labels of the secrets to read. The module reads a secret only if the secret has all of these labels. An empty list and null are
                invalid.
            type: list
            elements: str
          secret_groups:
            description:
              - Names or IDs of the secret groups to read. If not set, the module reads all secret groups. An empty list and null are invalid.
            type: list
            elements: str
          types:
            description: Types of the secrets to read. If not set, the module reads all types. An empty list and null are invalid.
            type: list
            elements: str
            choices: [public_cert, imported_cert, private_cert]
  phases:
    description:
      - The phases to run. V(import) imports certificates, V(deploy) switches listeners to certificates, V(verify) verifies the certificates that
        the listeners serve, and V(clean_up) deletes replaced certificates if O(remove_superseded=true).
      - With V(report), the module also reads O(sources) if O(phases) lacks V(import), so that the messages in RV(attention) take the sources into
        account. The role P(softlayer.certificates.ssl_rotation#role) writes the report.
    type: list
    elements: str
    choices: [import, deploy, verify, clean_up, report]
    default: [import, deploy, verify, clean_up]
  common_names:
    description:
      - Shell patterns of the names of the certificates to process. If not set, the module processes all certificates.
      - If a pattern matches no name in the store and in the sources, the run fails. An empty list and null are invalid.
    type: list
    elements: str
  load_balancers:
    description:
      - Shell patterns of the names of the load balancers to process. If not set, the module processes all load balancers.
      - If a pattern matches no load balancer, the run fails. An empty list and null are invalid.
    type: list
    elements: str
  import_new:
    description: Whether to also import certificates that do not replace a certificate in the store.
    type: bool
    default: false
  trust:
    description:
      - The action for a certificate whose chain does not lead to a trusted root certificate. V(require) skips the certificate. V(warn) imports
        the certificate and issues a warning.
    type: str
    choices: [require, warn]
    default: require
  trusted_ca_path:
    description: Path of a file or directory with additional trusted root certificates. The module also trusts the root certificates of the host.
    type: path
  intermediate_path:
    description:
      - Path of a file with intermediate certificates. If a source lacks intermediate certificates, the module uses the certificates in the file.
    type: path
  privatekey_passphrase:
    description: Passphrase of encrypted private keys and PKCS#12 files.
    type: str
  concurrency:
    description: Maximum number of concurrent API calls, from 1 to 256.
    type: int
    default: 8
  deploy_concurrency:
    description: Maximum number of load balancers to change at the same time, from 1 to 64.
    type: int
    default: 4
  max_listeners:
    description:
      - Maximum number of listeners that one run may switch, 0 or more. If more listeners need a new certificate, the module fails and switches
        no listeners.
    type: int
    default: 20
  balancer_wait_timeout:
    description: Maximum time in seconds to wait for a load balancer to become ACTIVE, and for another run to release its lock, from 0 to 86400.
    type: float
    default: 900
  verify_timeout:
    description: Maximum time in seconds for a switched listener to serve its new certificate, from 0 to 86400.
    type: float
    default: 120
  rollback:
    description:
      - Whether to switch a listener back to its previous certificate if the listener stops working after the change. See
        O(softlayer.certificates.ssl_certificate_deploy#module:rollback).
    type: bool
    default: true
  remove_superseded:
    description:
      - Whether the V(clean_up) phase deletes replaced certificates from the store. The module deletes a certificate only if no service uses the
        certificate, the module has verified the replacement on every listener, and TLS clients accept the replacement on every listener.
    type: bool
    default: false
  remove_superseded_after_days:
    description:
      - Minimum time in days, from 0 to 36500, for which the replacement of a certificate must have been in the store before
        O(remove_superseded=true) deletes the certificate. Until then, listeners can be switched back to the certificate, with the command in the summary.
      - The module does not wait for a certificate that has expired. Null is invalid.
    type: float
    default: 0
  remove_unverified:
    description:
      - Whether O(remove_superseded) also deletes a certificate if a listener or an endpoint could not be reached for verification.
      - The module always keeps a certificate if a listener serves anything other than its certificate, if TLS clients reject its replacement, or
        if an endpoint serves the old certificate.
    type: bool
    default: false
  remove_expired_after_days:
    description:
      - Minimum time in days since a certificate expired, from 0 to 36500. If set, the V(clean_up) phase also deletes expired certificates
        without a replacement. If not set, the module keeps them. Null is invalid.
      - The module keeps a certificate that a service uses, and a certificate that one of O(endpoints) serves or expects.
      - O(common_names) and O(approved) limit these deletions, too.
    type: float
  require_same_key:
    description:
      - Whether a certificate must have the same key as the certificate that it replaces, for example because TLS clients pin the key. A renewal
        with another key is not deployed, and RV(attention) contains it with the reason V(held_back).
      - O(adopt) accepts another key.
    type: bool
    default: false
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger, the database that prevents concurrent runs from making the same change, and that contains the switches of
        earlier runs. If somebody has switched a listener back to a certificate that a run had replaced, the module does not switch the listener
        again. RV(attention) contains the listener with the reason V(held_back).
      - The default is the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL), or else a SQLite file in the state directory of the user.
        See O(softlayer.certificates.ssl_fulfillment_email#module:ledger_url).
    type: str
  endpoints:
    description:
      - Additional TLS endpoints to verify in the V(verify) phase, in the format of O(softlayer.certificates.ssl_endpoint_info#module:endpoints).
        The module never changes endpoints.
      - If an endpoint does not serve the certificate that its C(expected) specifies, the run fails. If C(expected) is not set, the endpoint must
        serve a certificate for its server name. The module skips an endpoint that it cannot reach.
    type: list
    elements: raw
  approved:
    description:
      - The RV(preview) that a previous run in check mode returned. The module makes only the imports, switches, and deletions in the preview,
        and skips all other changes with the reason V(not_approved). Null and V({}) are invalid.
      - If an approved import or switch cannot be made anymore, it fails with the reason V(changed_meanwhile).
    type: dict
  adopt:
    description:
      - The initial certificate for a domain, and the listeners to switch to the certificate. Use this option if the usual rule does not allow
        the certificate to replace the current certificate, for example because the organization differs. The module processes nothing else. See
        RV(adopted).
      - This option requires the phases V(import) and V(deploy). Null is invalid.
    type: dict
    suboptions:
      common_name:
        description: One of the DNS names of the certificate to deploy. The certificate must be in O(sources).
        type: str
        required: true
      listeners:
        description:
          - The listeners to switch, such as V(prod-web:443). If not set, the module switches all listeners whose certificate shares a name with
            the certificate to deploy. An empty list and null are invalid.
        type: list
        elements: str
  gather_certificates:
    description:
      - Whether to return RV(certificates), which is long for a large store.
    type: bool
    default: true
  check_revocation:
    description:
      - Whether to request CRLs and ACME renewal information (RFC 9773) from the CAs. With V(warn), a failed request causes a warning. With
        V(off), the module sends no request to a CA.
    type: str
    choices: [warn, "off"]
    default: warn
  fail_on:
    description:
      - The reasons in RV(attention) for which the run fails. With an empty list, no reason in RV(attention) fails the run.
      - V(held_back) fails the run only after the renewal has been held back for more than 3 days. V(unusable) fails the run only if the served
        certificate is due for renewal and no other renewal is available.
    type: list
    elements: str
    choices: [expired, expiring, not_yet_valid, unusable, revoked, held_back, not_served, not_accepted, renewal_requested]
    default: [expired, expiring, not_yet_valid, unusable, revoked, held_back]
"""

EXAMPLES = r"""
- name: Preview the rotation of the certificates that certbot has renewed
  softlayer.certificates.ssl_certificate_rotate:
    sources: [{certbot: /etc/letsencrypt}]
    remove_superseded: true
  check_mode: true # changes nothing
  register: preview

- name: Make exactly these changes
  softlayer.certificates.ssl_certificate_rotate:
    sources: [{certbot: /etc/letsencrypt}]
    remove_superseded: true
    approved: "{{ preview.preview }}"

- name: Rotate the certificates of any ACME client, whose kind the module detects
  softlayer.certificates.ssl_certificate_rotate:
    sources: [{path: /etc/letsencrypt}]

- name: Rotate the certificates of several ACME clients, for some names and load balancers
  softlayer.certificates.ssl_certificate_rotate:
    sources: [{lego: ~/.lego}, {acme_sh: ~/.acme.sh}, {traefik: /etc/traefik/acme.json}, {caddy: ~/.local/share/caddy}]
    privatekey_passphrase: "{{ vault_key_passphrase }}"
    trusted_ca_path: /etc/ssl/company-roots.pem
    common_names: [example.com, "*.example.com"]
    load_balancers: ["prod-*"]
    max_listeners: 50
    concurrency: 16
    deploy_concurrency: 8
    ledger_url: "postgresql://certificates:{{ vault_ledger_password }}@db.example.com/certificates"

- name: Rotate certificates from mailboxes and, over the private network, from Secrets Manager
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

- name: Deploy the initial certificate for a domain from Let's Encrypt
  softlayer.certificates.ssl_certificate_rotate:
    sources: [{certbot: /etc/letsencrypt}]
    adopt: {common_name: portal.example.com, listeners: ["prod-portal:443"]}

- name: Verify what the listeners serve, without changing anything
  softlayer.certificates.ssl_certificate_rotate:
    phases: [verify]
    endpoints: [{host: vpc.example.net, server_name: www.example.com, expected: [www.example.com, example.com]}]
    check_revocation: "off"
    fail_on: [expired, expiring, not_served]
    gather_certificates: false

- name: Import all certificates of a directory and deploy them in a short maintenance window, without rollback
  softlayer.certificates.ssl_certificate_rotate:
    {sources: [{folder: /srv/tls}], import_new: true, trust: warn, rollback: false, remove_superseded: true, remove_unverified: true,
     balancer_wait_timeout: 300, verify_timeout: 60}

- name: Keep replaced certificates for a week, and delete unused certificates 90 days after they have expired
  softlayer.certificates.ssl_certificate_rotate:
    sources: [{certbot: /etc/letsencrypt}]
    remove_superseded: true
    remove_superseded_after_days: 7
    remove_expired_after_days: 90
    require_same_key: true # because an app pins the key of the server
"""

RETURN = r"""
imported:
  description: The certificates that were imported. In check mode, the list contains the certificates that would be imported.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID of the certificate in the store. In check mode, the value is null.
      type: int
      sample: 4711
    common_name: &common_name
      description: Common name of the certificate, or null if the certificate has none.
      type: str
      sample: www.example.com
    fingerprint_sha256: &fingerprint_sha256_2
      description: SHA-256 fingerprint of the DER encoding of the certificate, in hexadecimal.
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    public_key_sha256: &public_key_sha256_2
      description: SHA-256 digest of the public key (SubjectPublicKeyInfo), in hexadecimal.
      type: str
      sample: 3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718
    serial_number: &serial_number_2
      description: Serial number of the certificate.
      type: int
      sample: 305419896
    not_before: &not_before_2
      description: Time when the certificate becomes valid.
      type: str
      sample: "2026-11-30T08:00:00Z"
    not_after: &not_after_2
      description: Time when the certificate expires.
      type: str
      sample: "2027-02-28T08:00:00Z"
    subject_alt_names: &subject_alt_names_2
      description: Subject alternative names of the certificate.
      type: list
      elements: str
      sample: [www.example.com, example.com]
    key_type: &key_type_2
      description: Algorithm of the public key of the certificate.
      type: str
      sample: RSA
    key_size: &key_size_2
      description: Size of the public key in bits.
      type: int
      sample: 2048
    trust: &trust_2
      description:
        - Level of trust of the certificate, V(trusted) if the chain leads to a trusted root certificate, V(incomplete) if an intermediate
          certificate is missing, or V(untrusted).
      type: str
      sample: trusted
    notes:
      description: Notes of the certificate in the store.
      type: str
      sample: ""
    order_id:
      description: ID of the order of the certificate. The value is always null in a rotation.
      type: int
      sample: null
    superseded:
      description: The certificates in the store that the imported certificate can replace.
      type: list
      elements: dict
      contains:
        id: &id_2
          description: ID of the certificate in the store.
          type: int
          sample: 4690
        not_after: &not_after_3
          description: Time when the certificate expires.
          type: str
          sample: "2026-12-29T08:00:00Z"
        associated_service_count: &associated_service_count
          description: Number of services that use the certificate.
          type: int
          sample: 1
        removed: &removed
          description: Whether the import deleted the certificate. A rotation deletes certificates only in the phase V(clean_up).
          type: bool
          sample: false
    outcome:
      description: The outcome, which is always V(imported).
      type: str
      sample: imported
    reason: &reason
      description: Code of the reason, which is always null.
      type: str
      sample: null
    message:
      description: The outcome of the item as a sentence.
      type: str
      sample: Imported.
    source: &source_2
      description: Kind of the source, which is the name of a suboption of O(sources).
      type: str
      sample: certbot
    name: &name_2
      description: Name of the certificate in its source.
      type: str
      sample: www.example.com
    path: &path_3
      description:
        - Path of the certificate. For a mailbox, the value is the path of the private key. For Secrets Manager, the value is the ID of the
          secret.
      type: str
      sample: /etc/letsencrypt/live/www.example.com/cert.pem
deployed:
  description: The listeners that were switched. In check mode, the list contains the listeners that would be switched.
  returned: success
  type: list
  elements: dict
  contains:
    load_balancer: &load_balancer_2
      description: Name of the load balancer, or of the endpoint.
      type: str
      sample: prod-web
    load_balancer_uuid: &load_balancer_uuid_2
      description: UUID of the load balancer, or null for an endpoint.
      type: str
      sample: 0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e
    address: &address_2
      description: Host name or IP address of the load balancer or endpoint.
      type: str
      sample: prod-web-278444-dal10.clb.appdomain.cloud
    port: &port_2
      description: Port of the listener or endpoint.
      type: int
      sample: 443
    listener_uuid: &listener_uuid_2
      description: UUID of the listener, or null for an endpoint.
      type: str
      sample: 6d5f0c1e-2b1a-4f0e-8c3d-9e7f6a5b4c3d
    common_name: &common_name_2
      description: Common name of the certificate C(certificate_id), or null if the certificate has none.
      type: str
      sample: www.example.com
    subject_alt_names: &subject_alt_names_3
      description: Subject alternative names of the certificate C(certificate_id).
      type: list
      elements: str
      sample: [www.example.com, example.com]
    previous_certificate_id: &previous_certificate_id_2
      description: ID of the certificate that the listener had before the run, or null if the listener had no certificate.
      type: int
      sample: 4699
    certificate_id: &certificate_id_2
      description:
        - ID of the certificate that the listener should serve. In check mode, the value is null if the certificate would be imported first.
      type: int
      sample: 4711
    fingerprint_sha256: &fingerprint_sha256_3
      description: SHA-256 fingerprint of the certificate C(certificate_id), in hexadecimal.
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    not_after: &not_after_4
      description: Time when the certificate C(certificate_id) expires.
      type: str
      sample: "2027-02-28T08:00:00Z"
    effective_not_after: &effective_not_after_2
      description:
        - Time when TLS clients start to reject the certificate, because the certificate or one of its intermediate certificates expires.
      type: str
      sample: "2027-02-28T08:00:00Z"
    limited_by: &limited_by_2
      description: Name of the intermediate certificate that sets C(effective_not_after), or null if the certificate itself sets it.
      type: str
      sample: null
    served: &served_2
      description: Whether the listener serves the certificate C(certificate_id), or null if the module could not connect to the listener.
      type: bool
      sample: true
    accepted: &accepted_2
      description: Whether a TLS client accepts the certificate that the listener serves at every address, or null if the result is unknown.
      type: bool
      sample: true
    served_fingerprint_sha256: &served_fingerprint_sha256_2
      description: SHA-256 fingerprint of the certificate that the listener serves, or null if the module received no certificate.
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    outcome:
      description: The outcome, which is always V(switched).
      type: str
      sample: switched
    reason:
      description: Code of the reason, V(unreachable) if the module could not connect to the listener after the change, otherwise null.
      type: str
      sample: null
    message: &message
      description: The outcome of the item as a sentence.
      type: str
      sample: Switched and verified.
verified:
  description: The listeners and endpoints that serve their certificate.
  returned: success
  type: list
  elements: dict
  contains:
    load_balancer: *load_balancer_2
    load_balancer_uuid: *load_balancer_uuid_2
    address: *address_2
    port: *port_2
    listener_uuid: *listener_uuid_2
    common_name: *common_name_2
    subject_alt_names: *subject_alt_names_3
    previous_certificate_id: *previous_certificate_id_2
    certificate_id: *certificate_id_2
    fingerprint_sha256: *fingerprint_sha256_3
    not_after: *not_after_4
    effective_not_after: *effective_not_after_2
    limited_by: *limited_by_2
    served: *served_2
    accepted: *accepted_2
    served_fingerprint_sha256: *served_fingerprint_sha256_2
    outcome:
      description:
        - Outcome for the listener or endpoint. V(switched) or V(unchanged) - the phase V(deploy) ran. V(skipped) - the phase V(deploy) found a
          newer certificate that cannot replace the current certificate. V(verified) - the phase V(deploy) did not run, or the run is in check
          mode.
      type: str
      sample: verified
    reason: &reason_2
      description: Code of the reason, or null. The guide of reasons explains the codes.
      type: str
      sample: null
    message:
      description: The outcome of the item as a sentence.
      type: str
      sample: The listener serves its certificate.
removed:
  description: The certificates that were deleted. In check mode, the list contains the certificates that would be deleted.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID that the certificate had in the store.
      type: int
      sample: 4699
    common_name: *common_name
    fingerprint_sha256: *fingerprint_sha256_2
    public_key_sha256: *public_key_sha256_2
    serial_number: *serial_number_2
    not_before: *not_before_2
    not_after: *not_after_2
    subject_alt_names: *subject_alt_names_2
    key_type: *key_type_2
    key_size: *key_size_2
    trust:
      description: Code of the reason, which is always null.
      returned: except in check mode
      type: str
      sample: null
    notes:
      description: Notes of the certificate in the store.
      returned: except in check mode
      type: str
      sample: ""
    order_id:
      description: Code of the reason, which is always null.
      returned: except in check mode
      type: int
      sample: null
    superseded:
      description: The certificates in the store that the removed certificate can replace. The list is always empty.
      returned: except in check mode
      type: list
      elements: dict
      contains:
        id: *id_2
        not_after: *not_after_3
        associated_service_count: *associated_service_count
        removed: *removed
    outcome:
      description: The outcome, which is always V(removed).
      type: str
      sample: removed
    reason: *reason
    message:
      description: The outcome of the item as a sentence.
      type: str
      sample: Removed.
skipped_items:
  description: The certificates, listeners, and endpoints that were skipped, each with the reason.
  returned: success
  type: list
  elements: dict
  contains:
    common_name: *common_name
    subject_alt_names: &subject_alt_names
      description: Subject alternative names of the certificate.
      returned: for a certificate, a listener, or an endpoint
      type: list
      elements: str
      sample: [www.example.com, example.com]
    fingerprint_sha256: &fingerprint_sha256
      description: SHA-256 fingerprint of the certificate, in hexadecimal.
      returned: for a certificate, a listener, or an endpoint
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    not_after: &not_after
      description: Time when the certificate expires.
      returned: for a certificate, a listener, or an endpoint
      type: str
      sample: "2027-02-28T08:00:00Z"
    source: &source
      description: Kind of the source, which is the name of a suboption of O(sources).
      returned: for a certificate of a source
      type: str
      sample: certbot
    name: &name
      description: Name of the certificate in its source.
      returned: for a certificate of a source
      type: str
      sample: www.example.com
    path: &path
      description:
        - Path of the certificate. For a mailbox, the value is the path of the private key. For Secrets Manager, the value is the ID of the
          secret.
      returned: for a certificate of a source
      type: str
      sample: /etc/letsencrypt/live/www.example.com/cert.pem
    load_balancer: &load_balancer
      description: Name of the load balancer, or of the endpoint.
      returned: for a listener or an endpoint
      type: str
      sample: prod-web
    load_balancer_uuid: &load_balancer_uuid
      description: UUID of the load balancer, or null for an endpoint.
      returned: for a listener or an endpoint
      type: str
      sample: 0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e
    address: &address
      description: Host name or IP address of the load balancer or endpoint.
      returned: for a listener or an endpoint
      type: str
      sample: prod-web-278444-dal10.clb.appdomain.cloud
    port: &port
      description: Port of the listener or endpoint.
      returned: for a listener or an endpoint
      type: int
      sample: 443
    listener_uuid: &listener_uuid
      description: UUID of the listener, or null for an endpoint.
      returned: for a listener or an endpoint
      type: str
      sample: 6d5f0c1e-2b1a-4f0e-8c3d-9e7f6a5b4c3d
    previous_certificate_id: &previous_certificate_id
      description: ID of the certificate that the listener had before the run, or null if the listener had no certificate.
      returned: for a listener or an endpoint
      type: int
      sample: 4699
    certificate_id: &certificate_id
      description:
        - ID of the certificate that the listener should serve. In check mode, the value is null if the certificate would be imported first.
      returned: for a listener or an endpoint
      type: int
      sample: 4711
    effective_not_after: &effective_not_after
      description:
        - Time when TLS clients start to reject the certificate, because the certificate or one of its intermediate certificates expires.
      returned: for a listener or an endpoint
      type: str
      sample: "2027-02-28T08:00:00Z"
    limited_by: &limited_by
      description: Name of the intermediate certificate that sets C(effective_not_after), or null if the certificate itself sets it.
      returned: for a listener or an endpoint
      type: str
      sample: null
    served: &served
      description: Whether the listener serves the certificate C(certificate_id), or null if the module could not connect to the listener.
      returned: for a listener or an endpoint
      type: bool
      sample: true
    accepted: &accepted
      description: Whether a TLS client accepts the certificate that the listener serves at every address, or null if the result is unknown.
      returned: for a listener or an endpoint
      type: bool
      sample: true
    served_fingerprint_sha256: &served_fingerprint_sha256
      description: SHA-256 fingerprint of the certificate that the listener serves, or null if the module received no certificate.
      returned: for a listener or an endpoint
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    id: &id
      description: ID of the certificate in the store, or null if it is not stored.
      returned: for a certificate of the store, and after an attempt to import
      type: int
      sample: 4699
    public_key_sha256: &public_key_sha256
      description: SHA-256 digest of the public key (SubjectPublicKeyInfo), in hexadecimal.
      returned: for a certificate
      type: str
      sample: 3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718
    serial_number: &serial_number
      description: Serial number of the certificate.
      returned: for a certificate
      type: int
      sample: 305419896
    not_before: &not_before
      description: Time when the certificate becomes valid.
      returned: for a certificate
      type: str
      sample: "2026-11-30T08:00:00Z"
    key_type: &key_type
      description: Algorithm of the public key of the certificate.
      returned: for a certificate
      type: str
      sample: RSA
    key_size: &key_size
      description: Size of the public key in bits.
      returned: for a certificate
      type: int
      sample: 2048
    trust: &trust
      description:
        - Level of trust of the certificate, V(trusted) if the chain leads to a trusted root certificate, V(incomplete) if an intermediate
          certificate is missing, or V(untrusted).
      returned: after an attempt to import or delete the certificate
      type: str
      sample: trusted
    notes: &notes
      description: Notes of the certificate in the store.
      returned: after an attempt to import or delete the certificate
      type: str
      sample: ""
    order_id: &order_id
      description: Code of the reason, which is always null.
      returned: after an attempt to import or delete the certificate
      type: int
      sample: null
    superseded: &superseded
      description: The certificates in the store that the certificate can replace.
      returned: after an attempt to import or delete the certificate
      type: list
      elements: dict
      contains:
        id: *id_2
        not_after: *not_after_3
        associated_service_count: *associated_service_count
        removed: *removed
    outcome:
      description: Outcome for the item, V(skipped), or V(unchanged) if the store already contains the certificate.
      type: str
      sample: skipped
    reason:
      description: Code of the reason. The guide of reasons explains the codes.
      type: str
      sample: names_not_covered
    message:
      description: The outcome of the item as a sentence.
      type: str
      sample: "The new certificate does not cover all DNS names of the present one: it lacks shop.example.com."
failed_items:
  description: The certificates, listeners, endpoints, and sources that failed, each with the reason.
  returned: success
  type: list
  elements: dict
  contains:
    common_name:
      description:
        - Common name of the certificate, or null if the certificate has none. If a whole source failed, the value is the name of the source. If
          the load balancers as a whole failed, the value is V(the load balancers).
      type: str
      sample: www.example.com
    subject_alt_names: *subject_alt_names
    fingerprint_sha256: *fingerprint_sha256
    not_after: *not_after
    source: *source
    name: *name
    path: *path
    load_balancer: *load_balancer
    load_balancer_uuid: *load_balancer_uuid
    address: *address
    port: *port
    listener_uuid: *listener_uuid
    previous_certificate_id: *previous_certificate_id
    certificate_id: *certificate_id
    effective_not_after: *effective_not_after
    limited_by: *limited_by
    served: *served
    accepted: *accepted
    served_fingerprint_sha256: *served_fingerprint_sha256
    id: *id
    public_key_sha256: *public_key_sha256
    serial_number: *serial_number
    not_before: *not_before
    key_type: *key_type
    key_size: *key_size
    trust: *trust
    notes: *notes
    order_id: *order_id
    superseded: *superseded
    outcome:
      description: Outcome for the item, V(failed), or V(rolled_back) for a listener that the module switched back.
      returned: for a certificate, a listener, or an endpoint
      type: str
      sample: rolled_back
    reason:
      description: Code of the reason. The guide of reasons explains the codes.
      type: str
      sample: not_accepted
    message:
      description: The outcome of the item as a sentence.
      type: str
      sample: "Rolled back to certificate 4699: a TLS client rejects certificate 4711."
    code:
      description: Code of the reason, with the same value as C(reason).
      returned: if a whole source or the load balancers failed
      type: str
      sample: unreachable
    details:
      description: Facts about the failure, as in RV(failure.details).
      returned: if a whole source or the load balancers failed
      type: dict
      contains:
        call: &call
          description: The API method or other request that failed.
          returned: if a request failed
          type: str
          sample: SoftLayer_Account::getAllObjects
        http_status:
          description: HTTP status code of the response.
          returned: if a server responded with an error
          type: int
          sample: 500
        api_code:
          description: Error code from the API.
          returned: if the API returned an error
          type: str
          sample: SoftLayer_Exception_Public
        api_message:
          description: Error message from the API.
          returned: if the API returned an error
          type: str
          sample: Internal Error
        retry_after_seconds: &retry_after_seconds
          description: Time in seconds after which the server accepts requests again.
          returned: if the server limits the rate of requests
          type: float
          sample: 30
        expected:
          description: Number of items that the server announced.
          returned: if the listing is incomplete
          type: int
          sample: 120
        received:
          description: Number of items that the server returned.
          returned: if the listing is incomplete
          type: int
          sample: 100
        missing: &missing
          description: Names of the credentials that are missing.
          returned: if credentials are missing
          type: list
          elements: str
          sample: [api_key]
        host:
          description: Host name or IP address of the server.
          returned: if a server cannot be used
          type: str
          sample: api.example.com
        path: &path_2
          description: Path of the file or directory that cannot be used.
          returned: if a path cannot be used
          type: str
          sample: /etc/ssl/company-roots.pem
        variable: &variable
          description: Environment variable whose value cannot be used.
          returned: if an environment variable cannot be used
          type: str
          sample: SSL_CERT_FILE
        libraries:
          description: Python libraries that are missing.
          returned: if a library is missing
          type: list
          elements: str
          sample: [cryptography]
        type:
          description: Type of the unexpected exception.
          returned: if an unexpected error occurred
          type: str
          sample: KeyError
        place: &place
          description: Code locations in the collection where the exception occurred.
          returned: if an unexpected error occurred
          type: list
          elements: str
          sample: ["module_utils/_x509/chain.py, line 10 (build)"]
        ledger: &ledger
          description: Database file or host of the ledger.
          returned: if the ledger cannot be used
          type: str
          sample: /root/.local/state/softlayer.certificates/ledger.sqlite3
        library: &library
          description: Python library that the URL of the ledger requires.
          returned: if a library for the ledger is missing
          type: str
          sample: psycopg
        since:
          description: Time when the other run acquired the lock.
          returned: if another run holds the lock
          type: str
          sample: "2026-12-01T03:00:10Z"
        planned:
          description: Number of listeners that the run would have changed.
          returned: if max_listeners is exceeded
          type: int
          sample: 60
        max_listeners:
          description: Value of O(max_listeners).
          returned: if max_listeners is exceeded
          type: int
          sample: 20
        folder:
          description: Folder that does not exist on the mail server.
          returned: if the folder does not exist
          type: str
          sample: CA
        listeners:
          description: Names of the listeners that the run would have switched.
          returned: if max_listeners is exceeded
          type: list
          elements: str
          sample: [web:443]
attention:
  description: The listeners and endpoints that need your attention, the most urgent first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the served certificate, or the expected name for an endpoint.
      type: str
      sample: www.example.com
    load_balancer: *load_balancer_2
    load_balancer_uuid: *load_balancer_uuid_2
    port: *port_2
    reason:
      description: Code of the problem, as in O(fail_on).
      type: str
      sample: held_back
    cause:
      description:
        - The item of another list whose message C(message) includes. The value is null if C(message) includes nothing from another list.
        - If an item has the same C(cause) as an item with the reason V(expired) or V(expiring) of the same listener, both items report the same
          problem.
      type: dict
      contains:
        reason:
          description: Code of the reason, or null if nothing is wrong with the certificate of the source.
          type: str
          sample: names_not_covered
        source:
          description: Kind of the source, which is the name of a suboption of O(sources), as in RV(skipped_items).
          returned: for a certificate of a source
          type: str
          sample: certbot
        name:
          description: Name of the certificate in its source, as in RV(skipped_items).
          returned: for a certificate of a source
          type: str
          sample: www.example.com
        path:
          description:
            - Path of the certificate. For a mailbox, the value is the path of the private key. For Secrets Manager, the value is the ID of the
              secret. The value is the same as in RV(skipped_items).
          returned: for a certificate of a source
          type: str
          sample: /etc/letsencrypt/live/www.example.com/cert.pem
    not_after:
      description: Time when the served certificate expires.
      type: str
      sample: "2026-12-29T08:00:00Z"
    effective_not_after:
      description:
        - Time when TLS clients start to reject the certificate, because the certificate or one of its intermediate certificates expires.
      type: str
      sample: "2026-12-29T08:00:00Z"
    limited_by: *limited_by_2
    days_until_expiry:
      description: Whole days until C(effective_not_after), negative afterwards.
      type: int
      sample: 28
    held_back_since:
      description:
        - Time when the newer certificate became valid, or when somebody switched the listener back. The value is null for other reasons than
          V(held_back), and if the newer certificate is in use on another listener and the listener was not switched back.
      type: str
      sample: "2026-11-27T08:00:00Z"
    explanation_url:
      description:
        - URL of the explanation that the CA provides. The value is null for other reasons than V(renewal_requested), and if the CA provides no
          URL.
      type: str
      sample: null
    message:
      description: The problem, its cause, and its fix, in sentences.
      type: str
      sample: "The new certificate does not cover all DNS names of the present one: it lacks shop.example.com. Reissue the certificate for all names."
listeners:
  description: All listeners and endpoints that the run processed, in their state after the run.
  returned: success
  type: list
  elements: dict
  contains:
    load_balancer: *load_balancer_2
    load_balancer_uuid: *load_balancer_uuid_2
    address: *address_2
    port: *port_2
    listener_uuid: *listener_uuid_2
    common_name: *common_name_2
    subject_alt_names: *subject_alt_names_3
    previous_certificate_id: *previous_certificate_id_2
    certificate_id: *certificate_id_2
    fingerprint_sha256: *fingerprint_sha256_3
    not_after:
      description: Time when the served certificate expires.
      type: str
      sample: "2027-02-28T08:00:00Z"
    effective_not_after: *effective_not_after_2
    limited_by: *limited_by_2
    served:
      description:
        - Whether the listener serves the certificate C(certificate_id). The value is null if the module could not connect to the listener, and
          in check mode if the listener would be switched.
      type: bool
      sample: true
    accepted:
      description:
        - Whether a TLS client accepts the certificate that the listener serves at every address. The value is null if the result is unknown, and
          in check mode if the listener would be switched.
      type: bool
      sample: true
    served_fingerprint_sha256: *served_fingerprint_sha256_2
    outcome:
      description: Outcome for the listener or endpoint, V(switched), V(unchanged), V(skipped), V(failed), or V(rolled_back).
      type: str
      sample: unchanged
    reason: *reason_2
    message:
      description: The outcome of the item as a sentence.
      type: str
      sample: The listener has this certificate already.
    better_certificate_id:
      description: ID of a better certificate in the store for the listener, or null if the store contains none.
      type: int
      sample: null
    not_before:
      description: Time when the served certificate becomes valid.
      type: str
      sample: "2026-11-30T08:00:00Z"
    renewal_due:
      description: Whether the served certificate is due for renewal, or null if its expiry is not known.
      type: bool
      sample: false
    revocation:
      description:
        - Revocation status of the served certificate and its intermediate certificates. The value is null if the module requested no CRL.
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
          description: Time of the revocation.
          type: str
          sample: "2026-05-15T12:00:00Z"
        reason:
          description: Reason that the CA specifies, such as V(keyCompromise), or null if the CA specifies no reason.
          type: str
          sample: keyCompromise
        why:
          description: The reason for the status V(unknown), or null for another status.
          type: str
          sample: null
    days_until_expiry:
      description: Whole days until C(effective_not_after), negative afterwards.
      type: int
      sample: 89
    served_name:
      description: Name of the served certificate, or the expected name for an endpoint.
      type: str
      sample: www.example.com
    served_certificate:
      description: The certificate that the listener serves instead of C(certificate_id), or null if the listener serves C(certificate_id).
      type: dict
      contains:
        common_name: *common_name
        fingerprint_sha256: *fingerprint_sha256_2
        public_key_sha256: *public_key_sha256_2
        serial_number: *serial_number_2
        not_before: *not_before_2
        not_after: *not_after_2
        subject_alt_names: *subject_alt_names_2
        key_type: *key_type_2
        key_size: *key_size_2
certificates:
  description: All certificates in the store, each with the listeners that have the certificate.
  returned: with O(gather_certificates)
  type: list
  elements: dict
  contains:
    id: &id_3
      description: ID of the certificate in the store. In check mode, the value is null for a certificate that would be imported.
      type: int
      sample: 4711
    common_name: *common_name
    fingerprint_sha256: *fingerprint_sha256_2
    public_key_sha256: *public_key_sha256_2
    serial_number: *serial_number_2
    not_before: *not_before_2
    not_after: *not_after_2
    subject_alt_names: *subject_alt_names_2
    key_type: *key_type_2
    key_size: *key_size_2
    notes:
      description: Notes of the certificate in the store.
      type: str
      sample: web frontend
    organization_name: &organization_name
      description: Organization of the subject, or null if the certificate has none.
      type: str
      sample: null
    days_until_expiry:
      description: Whole days until the certificate expires, negative after the expiry.
      type: int
      sample: 89
    effective_not_after: *effective_not_after_2
    limited_by: *limited_by_2
    renewal_due:
      description: Whether the certificate is due for renewal, or null if its expiry is not known.
      type: bool
      sample: false
    associated_service_count:
      description: Number of services that use the certificate, or null if the API does not return the number.
      type: int
      sample: 1
    created_at:
      description: Time when the certificate was stored.
      type: str
      sample: "2026-12-01T09:30:00Z"
    modified_at:
      description: Time when the record was last changed.
      type: str
      sample: "2026-12-01T09:30:00Z"
    services:
      description: The HTTPS listeners that have the certificate, or null if the load balancers could not be listed.
      type: list
      elements: dict
      contains:
        load_balancer: &load_balancer_3
          description: Name of the load balancer.
          type: str
          sample: prod-web
        load_balancer_uuid: &load_balancer_uuid_3
          description: UUID of the load balancer.
          type: str
          sample: 0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e
        address:
          description: Host name of the load balancer.
          type: str
          sample: prod-web-278444-dal10.clb.appdomain.cloud
        port: &port_3
          description: Port of the listener.
          type: int
          sample: 443
        listener_uuid:
          description: UUID of the listener.
          type: str
          sample: 6d5f0c1e-2b1a-4f0e-8c3d-9e7f6a5b4c3d
    superseded_by:
      description: IDs of the certificates in the store that can replace the certificate, or null if the certificate cannot be read.
      type: list
      elements: int
      sample: []
empty_sources:
  description: The sources that contain no certificate.
  returned: success
  type: list
  elements: dict
  contains:
    source: *source_2
    path:
      description:
        - Path of the source. For a mailbox, the value is the path of the private key directory. For Secrets Manager, the value is the URL of the
          instance.
      type: str
      sample: /etc/letsencrypt
    message:
      description: The reason for the absence of certificates in the source, and the fix.
      type: str
      sample: "The source certbot contains no certificate: /etc/letsencrypt is empty."
adopted:
  description: The listeners that O(adopt) selected, each with its previous and new certificate.
  returned: with O(adopt)
  type: list
  elements: dict
  contains:
    load_balancer:
      description: Name of the load balancer.
      type: str
      sample: prod-portal
    load_balancer_uuid: *load_balancer_uuid_3
    port: *port_3
    outcome:
      description: Outcome for the listener, V(switched), V(unchanged), V(failed), or V(rolled_back).
      type: str
      sample: switched
    reason: *reason_2
    message: *message
    previous:
      description: The certificate that the listener had, or null if the listener had no certificate.
      type: dict
      contains:
        id: &id_4
          description: ID of the certificate in the store.
          type: int
          sample: 4699
        common_name: *common_name
        fingerprint_sha256: *fingerprint_sha256_2
        public_key_sha256: *public_key_sha256_2
        serial_number: *serial_number_2
        not_before: *not_before_2
        not_after: *not_after_2
        subject_alt_names: *subject_alt_names_2
        key_type: *key_type_2
        key_size: *key_size_2
        organization_name:
          description: Organization of the subject, or null if the certificate has none.
          type: str
          sample: Example Ltd
        effective_not_after: *effective_not_after_2
        limited_by: *limited_by_2
    new:
      description: The certificate to which the listener was switched, or null if the listener was not switched.
      type: dict
      contains:
        id: *id_3
        common_name: *common_name
        fingerprint_sha256: *fingerprint_sha256_2
        public_key_sha256: *public_key_sha256_2
        serial_number: *serial_number_2
        not_before: *not_before_2
        not_after: *not_after_2
        subject_alt_names: *subject_alt_names_2
        key_type: *key_type_2
        key_size: *key_size_2
        organization_name: *organization_name
        effective_not_after: *effective_not_after_2
        limited_by: *limited_by_2
    losses:
      description: The properties of the previous certificate that the new certificate lacks, as sentences.
      type: list
      elements: str
      sample: [The organization Example Ltd is lost.]
    overrides:
      description: The options of M(softlayer.certificates.ssl_certificate_deploy) that permit the same change.
      type: list
      elements: str
      sample: [allow_organization_change]
    still_used_by:
      description: Other listeners that still have the previous certificate.
      type: list
      elements: str
      sample: [prod-shop:443]
    switch_back_command:
      description: The command that switches the listener back to the previous certificate. Null if the listener was not switched, or if the previous
        certificate cannot be deployed anymore.
      type: str
      sample: "`ansible localhost -m softlayer.certificates.ssl_certificate_deploy -a 'certificate_id=11 listeners=load_balancer=prod-web,port=443'`"
totals:
  description: The totals of the run in one line. Each listener counts once.
  returned: success
  type: str
  sample: "2 listeners: 1 switched, 1 unchanged. Certificates: 1 imported, 1 removed."
preview:
  description: The changes that the run would make. Pass the dict to O(approved) to allow only the changes in the preview.
  returned: in check mode
  type: dict
  contains:
    imported:
      description: The certificates that the run would import.
      type: list
      elements: dict
      contains:
        source: *source_2
        name: *name_2
        path: *path_3
        common_name: *common_name
        fingerprint_sha256: *fingerprint_sha256_2
    deployed:
      description: The listeners that the run would switch.
      type: list
      elements: dict
      contains:
        load_balancer: *load_balancer_3
        load_balancer_uuid: *load_balancer_uuid_3
        port: *port_3
        previous_certificate_id:
          description: ID of the certificate that the listener has now, or null if the listener has no certificate.
          type: int
          sample: 4699
        common_name:
          description: Common name of the new certificate, or null if the certificate has none.
          type: str
          sample: www.example.com
        fingerprint_sha256:
          description: SHA-256 fingerprint of the new certificate, in hexadecimal.
          type: str
          sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    removed:
      description: The certificates that the run would delete.
      type: list
      elements: dict
      contains:
        id: *id_4
        common_name: *common_name
        fingerprint_sha256: *fingerprint_sha256_2
summary:
  description: The changes of the run and the problems that need your attention, as sentences.
  returned: success
  type: list
  elements: str
  sample: ["www.example.com: imported as certificate 4711 from certbot (www.example.com)", "prod-web:443: switched to certificate 4711 and verified"]
api_calls:
  description: Number of HTTP requests to the API, including repeated requests.
  returned: success
  type: int
  sample: 7
failure:
  description: The cause of the failure, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable code of the failure, such as V(rotation_failed), V(attention_needed), V(interrupted), or V(authentication_failed).
      type: str
      sample: attention_needed
    message:
      description: The cause of the failure and its fix, as in C(msg).
      type: str
      sample: "1 listener needs attention: prod-web:443 (www.example.com): expired"
    details:
      description: Facts about the failure. The keys depend on RV(failure.code).
      type: dict
      contains:
        call: *call
        http_status: {description: HTTP status code of the response., returned: if a server responded with an error, type: int, sample: 500}
        api_code: {description: Error code from the API., returned: if the API returned an error, type: str, sample: "SoftLayer_Exception_Public"}
        api_message: {description: Error message from the API., returned: if the API returned an error, type: str, sample: "Internal Error"}
        retry_after_seconds: *retry_after_seconds
        expected: {description: Number of items that the server announced., returned: if the listing is incomplete, type: int, sample: 120}
        received: {description: Number of items that the server returned., returned: if the listing is incomplete, type: int, sample: 100}
        missing: *missing
        host: {description: "Host name or IP address of the server.", returned: if a server cannot be used, type: str, sample: "api.example.com"}
        path: *path_2
        variable: *variable
        libraries: {description: Python libraries that are missing., returned: if a library is missing, type: list, elements: str, sample: ["cryptography"]}
        type: {description: Type of the unexpected exception., returned: if an unexpected error occurred, type: str, sample: "KeyError"}
        place: *place
        ledger: *ledger
        library: *library
        since:
          description: Time when the other run acquired the lock.
          returned: if another run holds the lock
          type: str
          sample: "2026-12-01T03:00:10Z"
        failing:
          description:
            - Number of failures. The number includes each item of RV(failed_items), each item of RV(attention) for which the run fails, and an
              interruption.
          returned: if the run returned its lists
          type: int
          sample: 1
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.options import SPEC, list_libraries
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.run_rotate import run


def main() -> None:
    """Run the module."""
    Module(SPEC).run_and_exit(run, list_libraries)


if __name__ == "__main__":
    main()
