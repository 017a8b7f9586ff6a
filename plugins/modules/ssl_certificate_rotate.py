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
  - Does in one call what is to be done every night for the load balancers of a SoftLayer (IBM Cloud Classic Infrastructure) account.
    It reads the certificates that C(certbot), C(lego), C(acme.sh), Traefik, folders, mailboxes and IBM Cloud Secrets Manager hold, imports
    those that may stand in for a certificate of the store, has the HTTPS listeners of load balancers serve them, looks at what each listener
    serves at each of its addresses, and deletes what was replaced. Store and load balancers are listed once.
  - A certificate may stand in for another one if it is valid now, newer (by the start of validity, then by its end), of the same
    organization and key type, has every DNS name of the other one, is on no lower level of trust with the chain that the store holds, and is
    not about to end before the other one does. The same certificate with a chain that the store lacks may stand in for it, too. What may not
    stand in for a certificate never hides, replaces or deletes it. Two that are equally good are V(ambiguous).
  - What a client accepts today, it accepts tomorrow, or the night is red and nothing is deleted. OpenSSL is that client, and is asked before a
    switch and after it.
  - Check mode is the same run without its writes. It announces each import, switch and deletion. Of a listener that would be switched it
    assumes that it will serve its new certificate, if it can be looked at from here.
  - What is broken, half written, untrusted or expired in the sources is skipped with a reason and stops nothing. If one certificate or
    one listener fails, the others go on. The module then fails at its end, and its result reports each.
  - A run that went well is not green if something dies all the same, see O(fail_on) and RV(attention).
  - At most one run at a time changes load balancers of an account, see O(softlayer.certificates.ssl_certificate_deploy#module:exclusive).
    A run that was killed is finished by the next one. A second run right after a first changes nothing.
  - Runs where the certificates are, usually on the controller. Needs the permissions C(SECURITY_CERTIFICATE_MANAGE) and
    C(LOADBALANCER_MANAGE), and access to the load balancers.
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
  - softlayer.certificates.attributes.progress
requirements:
  - imap-tools >= 1.11 (for a source with a mailbox on a server)
  - ibm-secrets-manager-sdk >= 2.1.13 (for a source that is Secrets Manager)
attributes:
  check_mode:
    support: full
    details:
      - Looks at what the listeners serve now.
  diff_mode:
    support: full
    details:
      - Shows public facts only, never a key.
  idempotent:
    support: full
options:
  sources:
    description:
      - Where the certificates come from, one of the kinds in each entry. The V(import) phase needs at least one. An empty or null list
        means no sources.
      - Certificates are paired with private keys by their public key, whatever the files are called. Of one certificate in several
        sources, the most complete copy counts. Of several for the same names, the newest that may stand in for the others is taken.
      - Private keys never leave this machine but for the certificate store.
    type: list
    elements: dict
    suboptions:
      certbot:
        description:
          - The configuration folder of C(certbot), such as V(/etc/letsencrypt), its folder C(live), or one folder in that.
        type: path
      lego:
        description:
          - The folder of C(lego), such as V(/root/.lego), or its folder C(certificates).
        type: path
      acme_sh:
        description:
          - The folder of C(acme.sh), such as V(/root/.acme.sh), or one folder in it.
        type: path
      traefik:
        description:
          - The file in which Traefik 2 or later keeps its certificates and their private keys, such as V(/etc/traefik/acme.json), or a
            folder with a file C(acme.json). All of its certificate resolvers are read.
        type: path
      folder:
        description:
          - A folder with certificates and private keys, in files that end in C(.crt), C(.cer), C(.pem), C(.key), C(.ca-bundle),
            C(.chain.pem), C(.p12) or C(.pfx). Folders inside it are not read; name each of them as a source.
        type: path
      mail:
        description:
          - The mailbox that receives the certificates, by one of its first four options. It needs O(sources[].privatekey_dir). The options
            are those of M(softlayer.certificates.ssl_fulfillment_email_info). Reading never changes the mailbox.
        type: dict
        suboptions:
          imap:
            description:
              - A folder on an IMAP server.
            type: dict
            suboptions:
              host:
                description:
                  - Name or address of the mail server.
                type: str
                required: true
              port:
                description:
                  - Port of the mail server. The default depends on O(sources[].mail.imap.security).
                type: int
              username:
                description:
                  - Name of the user whose mailbox is read.
                type: str
                required: true
              password:
                description:
                  - Password of that user.
                type: str
                required: true
              folder:
                description:
                  - Folder to read.
                type: str
                default: INBOX
              security:
                description:
                  - How the connection is encrypted. V(none) is allowed for loopback hosts only.
                type: str
                choices: [tls, starttls, none]
                default: tls
              validate_certs:
                description:
                  - Whether to verify the certificate of the mail server.
                type: bool
                default: true
              ca_path:
                description:
                  - File with CA certificates to trust instead of those of the system.
                type: path
              timeout:
                description:
                  - Maximum number of seconds for the mail server's complete response to each command.
                type: float
                default: 60
          maildir:
            description:
              - A Maildir, the folder that holds C(new) and C(cur).
            type: path
          paths:
            description:
              - Message files, and folders of files that end in C(.eml). An empty or null list means no files.
            type: list
            elements: path
          max_age_days:
            description:
              - Older messages are not read, in days.
            type: float
            default: 30
          max_message_bytes:
            description:
              - Larger messages are passed over.
            type: int
            default: 10485760
      privatekey_dir:
        description:
          - The folder with the private keys for which certificates are looked for in O(sources[].mail). A key that no email has come for is
            passed over, since its certificate may have been imported long ago, and so is an expired certificate if the store has a newer one.
        type: path
      secrets_manager:
        description:
          - An instance of IBM Cloud Secrets Manager, which orders and renews certificates itself. V({}) is enough where the environment
            names the instance.
          - The metadata of secrets tells whether the store has a certificate. The private key is read of those alone that may be imported,
            and is written to no file.
          - The options narrow down which secrets are read. They combine with AND. An empty or null list selects none.
        type: dict
        suboptions:
          instance_url:
            description:
              - Endpoint of the instance, as its page Endpoints shows it, such as
                V(https://0a1b2c3d-1111-2222-3333-444455556666.eu-de.secrets-manager.appdomain.cloud).
              - Can also be set by the environment variable E(SOFTLAYER_CERTIFICATES_INSTANCE_URL).
            type: str
          iam_url:
            description:
              - Where API keys are exchanged for tokens. The default is V(https://iam.cloud.ibm.com), or
                V(https://private.iam.cloud.ibm.com) if the instance is reached by a private endpoint.
              - Can also be set by the environment variable E(SOFTLAYER_CERTIFICATES_IAM_URL).
            type: str
          api_key:
            description:
              - API key of IBM Cloud, whose user or service ID needs the roles Reader and SecretsReader for the instance. The default is
                O(api_key) if O(username) is V(apikey), else the environment variable E(IBMCLOUD_API_KEY).
            type: str
          names:
            description:
              - Shell patterns one of which the name of a secret matches, in any case. One that matches none fails the run; the other sources
                are still rotated.
            type: list
            elements: str
          labels:
            description:
              - Labels all of which a secret has. If none has them, the run fails; the other sources are still rotated.
            type: list
            elements: str
          secret_groups:
            description:
              - Names or ids of secret groups, in one of which a secret is.
            type: list
            elements: str
          types:
            description:
              - Types of secrets. If not set, all of them.
            type: list
            elements: str
            choices: [public_cert, imported_cert, private_cert]
  phases:
    description:
      - What to do. V(import) puts certificates of the sources into the store. V(deploy) has listeners serve better certificates of the
        store, whether this run or another one imported them, and sees that they do. V(verify) tells of each listener whether it serves the
        certificate that it has. V(clean_up) deletes old certificates if O(remove_superseded) is set. V(report) does nothing here; the role
        P(softlayer.certificates.ssl_rotation#role) has it. An empty list means none, so that everything is only looked at.
    type: list
    elements: str
    choices: [import, deploy, verify, clean_up, report]
    default: [import, deploy, verify, clean_up]
  common_names:
    description:
      - Shell patterns, ignoring case. Only certificates and listeners for a name that matches one of them are considered. A pattern that
        matches no name in the store and in the sources fails the run. An empty or null list selects none.
      - An internationalised name matches in its Unicode form and in its ASCII form. V(*) also matches dots. To match the name of a wildcard
        certificate itself, write V([*].example.com).
    type: list
    elements: str
  load_balancers:
    description:
      - Shell patterns, ignoring case. Only listeners of load balancers whose name matches one of them are considered. A pattern that
        matches none fails the run. An empty or null list selects none.
    type: list
    elements: str
  import_new:
    description:
      - Whether to import certificates that may stand in for none of the store, too.
    type: bool
    default: false
  trust:
    description:
      - With V(require), only certificates whose chain leads to a trusted root are imported. With V(warn), others are, too, with a warning.
    type: str
    choices: [require, warn]
    default: require
  trusted_ca_path:
    description:
      - Path of a file with trusted root certificates in PEM format, or of a folder of such files.
      - They are added to the machine's roots - those of the file of E(SSL_CERT_FILE) or E(REQUESTS_CA_BUNDLE), of the folder of
        E(SSL_CERT_DIR), or else of its trust store. A file that one of these names replaces the trust store, so it must contain the
        public roots, too.
    type: path
  intermediate_path:
    description:
      - Path of a file with intermediate certificates that the sources may lack. The signatures decide which of them belong to a certificate.
    type: path
  privatekey_passphrase:
    description:
      - Passphrase of the private keys and PKCS#12 files, if they are encrypted.
    type: str
  concurrency:
    description:
      - Maximum number of API calls at the same time.
    type: int
    default: 8
  deploy_concurrency:
    description:
      - Maximum number of load balancers to change at the same time.
    type: int
    default: 4
  max_listeners:
    description:
      - Maximum number of listeners that one run may switch. If there are more to switch, none is, and the run fails, also in check mode.
    type: int
    default: 20
  balancer_wait_timeout:
    description:
      - Maximum time in seconds to wait until a load balancer that is being changed is ACTIVE again, and until another run has changed those
        of the account.
    type: float
    default: 900
  verify_timeout:
    description:
      - Maximum time in seconds until a listener serves its certificate after it was switched.
    type: float
    default: 120
  rollback:
    description:
      - Whether to point a listener back to its old certificate if it worked before it was switched and does not work after it. See
        O(softlayer.certificates.ssl_certificate_deploy#module:rollback).
    type: bool
    default: true
  remove_superseded:
    description:
      - Whether the V(clean_up) phase deletes old certificates. One is deleted only if no service uses it, if a listener has a certificate
        that may stand in for it, and if every listener of the account that has that one was seen by this run to serve it, and a client accepts
        it, or refused what was there before, too, at every address. One that ends later than what replaces it is kept.
    type: bool
    default: false
  remove_unseen:
    description:
      - Whether a listener that cannot be reached from here counts as one that serves its certificate, when old ones are deleted. The same
        holds of some of its addresses.
    type: bool
    default: false
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger. It keeps runs at the same time from storing a certificate twice, and from changing load balancers at
        the same time. See O(softlayer.certificates.ssl_fulfillment_email#module:ledger_url); the modules use the same ledger.
      - If not set, the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL) is used. The default is the file
        C(softlayer.certificates/ledger.sqlite3) under the user's state directory, E(XDG_STATE_HOME) or C(~/.local/state).
    type: str
  approved:
    description:
      - What a run in check mode returned, or its RV(preview). Then only the imports, switches and deletions that it shows are made. Others are
        skipped as V(not_approved), and what it shows and cannot be done any more as V(changed_meanwhile).
      - The run then fails because of the listeners that it shows, and of no others; what else needs a person is in RV(attention) all the same.
        If it shows nothing to do, the run fails because of any listener, as without this option.
    type: dict
  adopt:
    description:
      - Gives listeners the first certificate of a name, whatever they have now, and does nothing else. RV(adopted) says what is lost by it.
      - Accepts of O(softlayer.certificates.ssl_certificate_deploy#module:allow_organization_change) and the like what this needs, and no more;
        never that a certificate has expired, or that clients would not trust it. Names are lost only by a listener that is named.
      - Needs the phases V(import) and V(deploy). Not together with O(common_names) or O(load_balancers).
    type: dict
    suboptions:
      common_name:
        description:
          - A name of a certificate of the sources. If several have it, and none of them may stand in for all others, the run is refused.
        type: str
        required: true
      listeners:
        description:
          - The listeners that get it, such as V(prod-web:443), by the name, uuid or id of the load balancer. By default those that have a
            certificate for one of its names now.
        type: list
        elements: str
  gather_certificates:
    description:
      - Whether to return RV(selection), RV(certificates), RV(source_certificates) and RV(source_problems), for a report. A large store makes a large result.
    type: bool
    default: true
  fail_on:
    description:
      - For which reasons in RV(attention) the run fails, in the V(deploy) and V(verify) phases. An empty or null list means for none.
      - For V(held_back) it fails three days after the newer certificate has become valid, unless another listener serves that one.
    type: list
    elements: str
    choices: [expired, expiring, not_yet_valid, unusable, held_back, not_served, not_accepted]
    default: [expired, expiring, not_yet_valid, unusable, held_back]
seealso:
  - module: softlayer.certificates.ssl_certificate_import
  - module: softlayer.certificates.ssl_certificate_deploy
  - module: softlayer.certificates.ssl_certificate_info
"""

EXAMPLES = r"""
- name: Bring what certbot has renewed to the load balancers
  softlayer.certificates.ssl_certificate_rotate:
    sources:
      - certbot: /etc/letsencrypt
    remove_superseded: true

- name: Show what would be done
  softlayer.certificates.ssl_certificate_rotate:
    sources:
      - certbot: /etc/letsencrypt
  check_mode: true
  register: shown

- name: Do only that
  softlayer.certificates.ssl_certificate_rotate:
    sources:
      - certbot: /etc/letsencrypt
    approved: "{{ shown.preview }}"

- name: Give two listeners, which have a certificate of a company, the first one of Let's Encrypt
  softlayer.certificates.ssl_certificate_rotate:
    sources:
      - certbot: /etc/letsencrypt
    adopt:
      common_name: www.example.com
      listeners: ["prod-web:443", "prod-web:8443"]

- name: Rotate certificates of several clients, for some names and load balancers
  softlayer.certificates.ssl_certificate_rotate:
    sources:
      - lego: ~/.lego
      - acme_sh: ~/.acme.sh
      - traefik: /etc/traefik/acme.json
      - folder: /srv/tls
    privatekey_passphrase: "{{ vault_key_passphrase }}"
    trusted_ca_path: /etc/ssl/company-roots.pem
    common_names: [example.com, "*.example.com"]
    load_balancers: ["prod-*"]
    max_listeners: 50
    concurrency: 16
    deploy_concurrency: 8

- name: Rotate certificates of an authority that sends them by email
  softlayer.certificates.ssl_certificate_rotate:
    sources:
      - mail:
          imap:
            host: imap.example.com
            username: certificates@example.com
            password: "{{ vault_mail_password }}"
            folder: CA mail
            timeout: 30
          max_age_days: 60
        privatekey_dir: /srv/keys
    intermediate_path: /srv/ca.pem

- name: Rotate certificates from a mail server with STARTTLS, and from messages that are files
  softlayer.certificates.ssl_certificate_rotate:
    sources:
      - mail:
          imap:
            host: mail.example.com
            port: 143
            username: certificates
            password: "{{ vault_mail_password }}"
            security: starttls
            validate_certs: true
            ca_path: /etc/ssl/certs/example-ca.pem
        privatekey_dir: /srv/keys
      - mail:
          maildir: ~/Maildir
        privatekey_dir: /srv/keys
      - mail:
          paths: [~/Downloads/certificates]
          max_message_bytes: 1048576
        privatekey_dir: /srv/keys

- name: Rotate what Secrets Manager has renewed
  softlayer.certificates.ssl_certificate_rotate:
    username: apikey
    api_key: "{{ vault_ibm_cloud_api_key }}"
    sources:
      - secrets_manager:
          instance_url: https://0a1b2c3d-1111-2222-3333-444455556666.eu-de.secrets-manager.appdomain.cloud
          names: ["shop-*"]
          labels: [classic]
          secret_groups: [production]
          types: [public_cert, imported_cert]

- name: Rotate from an instance on the private network, with a key of its own
  softlayer.certificates.ssl_certificate_rotate:
    sources:
      - secrets_manager:
          instance_url: https://0a1b2c3d-1111-2222-3333-444455556666.private.eu-de.secrets-manager.appdomain.cloud
          iam_url: https://private.iam.cloud.ibm.com
          api_key: "{{ vault_ibm_cloud_api_key }}"

- name: See what is served and what is due, and change nothing
  softlayer.certificates.ssl_certificate_rotate:
    phases: [verify]
    fail_on: [expired, expiring, not_served]
    gather_certificates: false

- name: Import everything that a folder has, for load balancers that are set up later
  softlayer.certificates.ssl_certificate_rotate:
    sources:
      - folder: /srv/tls
    phases: [import]
    import_new: true
    trust: warn
    ledger_url: "postgresql://certificates:{{ vault_ledger_password }}@db.example.com/certificates"

- name: Rotate in a short window, leave what is broken for a person, and delete also what cannot be looked at from here
  softlayer.certificates.ssl_certificate_rotate:
    sources:
      - certbot: /etc/letsencrypt
    balancer_wait_timeout: 300
    verify_timeout: 60
    rollback: false
    remove_superseded: true
    remove_unseen: true
"""

RETURN = r"""
imported:
  description:
    - The certificates that were imported, or would be, as in
      RV(softlayer.certificates.ssl_certificate_import#module:certificates). Each has C(source), C(name) and C(path), too.
  returned: success, or failure of some
  type: list
  elements: dict
  sample: []
deployed:
  description:
    - The listeners that were switched, or would be, as in RV(softlayer.certificates.ssl_certificate_deploy#module:listeners). One whose
      certificate is to be imported has no C(certificate_id) in check mode.
  returned: success, or failure of some
  type: list
  elements: dict
  sample: []
verified:
  description:
    - The listeners that were seen to serve the certificate that they have, in the same form.
  returned: success, or failure of some
  type: list
  elements: dict
  sample: []
removed:
  description:
    - The certificates that were deleted, or would be, each with C(id), C(common_name), the facts of the certificate, C(outcome) and
      C(message).
  returned: success, or failure of some
  type: list
  elements: dict
  sample: []
skipped_items:
  description:
    - What was skipped. (Ansible takes a C(skipped) in the result of a module for what became of the task.)
    - Certificates of the sources, listeners, and old certificates that were kept, each with C(reason) and C(message). What is about a source
      has C(source), C(name), C(path), C(common_name) and C(subject_alt_names).
    - A certificate of a source is skipped as V(already_imported), V(superseded) (the store or another source has one that may stand in for
      it), V(ambiguous) (the store or another source has one that is exactly as new), V(new_name) (see O(import_new)), V(names_not_covered),
      V(organization_differs), V(key_type_not_offered) (it is newer than one of the store, and may not stand in for it), V(expired),
      V(not_yet_valid), V(untrusted), V(chain_incomplete), or because it cannot be used now, V(being_renewed), V(key_missing),
      V(certificate_missing), V(not_active) (Secrets Manager has not issued it, or has suspended it), V(broken_link), V(unreadable),
      V(not_a_file), V(too_large), V(malformed), V(bad_passphrase).
    - An old certificate is kept as V(not_reachable) or V(not_served) if what replaces it was not seen to be served, as V(not_accepted) if
      clients refuse that and it is not known that they refused the old one, too, as V(ends_later) if that ends earlier, and as V(in_use) if a
      service uses it that the run does not deal with.
  returned: success, or failure of some
  type: list
  elements: dict
  sample: []
failed_items:
  description:
    - What failed, each with C(reason) and C(message). For what failed as a whole, such as a mailbox, C(common_name) says what it is.
  returned: success, or failure of some
  type: list
  elements: dict
  sample: []
attention:
  description:
    - What needs a person, the most urgent first.
  returned: success, or failure of some
  type: list
  elements: dict
  contains:
    name:
      description: Name of the certificate that clients get; null if it is not known.
      type: str
      sample: www.example.com
    load_balancer:
      description: Name of the load balancer.
      type: str
      sample: prod-web
    load_balancer_uuid:
      description: Uuid of the load balancer.
      type: str
      sample: 0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e
    port:
      description: Port of the listener.
      type: int
      sample: 443
    reason:
      description:
        - V(expired) - the certificate, or an issuer on its path to the root, has expired.
        - V(expiring) - the rest until then is less than a quarter of its life and 30 days, and nothing renews it. What begins two nights before
          renews it in time.
        - V(not_yet_valid) - it is not valid yet.
        - V(unusable) - a source has its renewal, which cannot be used as its passphrase or key is wrong.
        - V(held_back) - there is a newer certificate that may not stand in for it.
        - V(not_served) - the listener serves something else, or completes no handshake.
        - V(not_accepted) - clients refuse what is served for another reason, and nothing better is at hand.
      type: str
      sample: expiring
    not_after:
      description: When the certificate that clients get ends.
      type: str
      sample: "2026-01-31T00:00:00Z"
    ends_at:
      description: Until when clients take it, which is the end of itself or of the issuer on its path to the root that ends first.
      type: str
      sample: "2027-01-31T23:59:59Z"
    ends_by:
      description: Name of that issuer; null if no issuer ends before the certificate does.
      type: str
      sample: null
    days_until_expiry:
      description: Whole days until RV(attention[].ends_at); negative after that.
      type: int
      sample: 12
    held_back_since:
      description:
        - For V(held_back), from when the newer certificate is valid; null if another listener serves that one, so that no run fails for it.
          Null for other reasons, too.
      type: str
      sample: null
    message:
      description: What is the matter, and what to do.
      type: str
      sample: It ends at 2026-01-31T00:00:00Z, and nothing renews it. Have it renewed, and import the new certificate.
listeners:
  description:
    - All listeners that were considered, as in RV(softlayer.certificates.ssl_certificate_deploy#module:listeners), in check mode as it would
      be after the run.
    - Each also has C(better_certificate_id), the id of a better certificate of the store if it was left as it is; C(served_name), C(not_before),
      C(not_after), C(ends_at), C(ends_by), C(days_until_expiry) and C(renewal_due) of what clients get; and C(served_certificate), the facts of
      what is served if it is not the certificate that the listener has.
  returned: success, or failure of some
  type: list
  elements: dict
  contains:
    load_balancer:
      description: Name of the load balancer.
      type: str
      sample: prod-web
    load_balancer_uuid:
      description: Uuid of the load balancer.
      type: str
      sample: 0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e
    address:
      description: Host name of the load balancer.
      type: str
      sample: prod-web-278444-dal10.lb.bluemix.net
    port:
      description: Port of the listener.
      type: int
      sample: 443
    listener_uuid:
      description: Uuid of the listener.
      type: str
      sample: 6d5f0c1e-2b1a-4f0e-8c3d-9e7f6a5b4c3d
    common_name:
      description: Common name of the certificate RV(listeners[].certificate_id); null if it has none.
      type: str
      sample: www.example.com
    subject_alt_names:
      description: Subject alternative names of that certificate.
      type: list
      elements: str
      sample: [www.example.com, example.com]
    previous_certificate_id:
      description: The certificate that the listener had; null if it had none.
      type: int
      sample: 4699
    certificate_id:
      description: The certificate that it has now, or that is meant for it; null for one that is not stored yet.
      type: int
      sample: 4711
    better_certificate_id:
      description: Id of a better certificate of the store that the listener has not got, if there is one.
      type: int
      sample: null
    fingerprint_sha256:
      description: SHA-256 of the certificate that is meant for the listener, in hex; null if it is not known.
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    not_before:
      description: When the certificate that clients get begins.
      type: str
      sample: "2025-11-02T00:00:00Z"
    not_after:
      description: When it ends.
      type: str
      sample: "2026-01-31T00:00:00Z"
    ends_at:
      description: Until when clients take it, which is the end of itself or of the issuer on its path to the root that ends first.
      type: str
      sample: "2027-01-31T23:59:59Z"
    ends_by:
      description: Name of that issuer; null if no issuer ends before the certificate does.
      type: str
      sample: null
    renewal_due:
      description: Whether it is in the last quarter of its life, at most 30 days before RV(listeners[].ends_at), or has ended.
      type: bool
      sample: false
    days_until_expiry:
      description: Whole days until RV(listeners[].ends_at); negative after that.
      type: int
      sample: 89
    served_name:
      description: Name of the certificate that clients get; null if it is not known.
      type: str
      sample: www.example.com
    outcome:
      description: What became of the listener, as in RV(softlayer.certificates.ssl_certificate_deploy#module:listeners[].outcome).
      type: str
      choices: [switched, unchanged, skipped, failed, rolled_back]
      sample: switched
    reason:
      description:
        - Why, null if there is nothing to say, as in RV(softlayer.certificates.ssl_certificate_deploy#module:listeners[].reason); and
          V(not_approved) and V(changed_meanwhile), see O(approved).
      type: str
      sample: null
    served:
      description:
        - Whether the listener was seen to serve the certificate, at each of its addresses. V(false) if it serves something else, null if it
          could not be looked at.
      type: bool
      sample: true
    accepted:
      description:
        - Whether a client accepts what the listener serves, at each of its addresses. OpenSSL is asked, in a handshake, with a host name of the
          certificate, the roots of O(trusted_ca_path) and of the machine, and the machine's level of security. Null if it was not, or could not
          be, looked at.
      type: bool
      sample: true
    served_fingerprint_sha256:
      description: SHA-256 of what is served, in hex; null if nothing was seen.
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    served_certificate:
      description: The facts of what is served, if it is not the certificate that the listener has.
      type: dict
      sample: null
    message:
      description: The outcome as a sentence.
      type: str
      sample: Switched. It is served.
selection:
  description:
    - What the run was limited to, its options O(common_names), O(load_balancers) and O(trust).
  returned: if O(gather_certificates) is true
  type: dict
  sample: {"common_names": ["*.example.com"], "load_balancers": null, "trust": "require"}
certificates:
  description:
    - The store as it was listed, as in RV(softlayer.certificates.ssl_certificate_info#module:certificates) with C(services). Its
      C(superseded_by) includes what this run has imported.
  returned: with O(gather_certificates), on success or failure of some
  type: list
  elements: dict
  sample: []
source_certificates:
  description:
    - The certificates for selected names that the sources hold, each with C(source), C(name), C(path), the facts of the certificate, C(organization_name),
      C(trust), C(trust_message), C(reason) (why it is not imported, as in RV(skipped_items); null if it is) and C(supersedes) (ids of what it may
      stand in for).
  returned: with O(gather_certificates), on success or failure of some
  type: list
  elements: dict
  sample: []
source_problems:
  description:
    - What the sources hold and cannot be used, as in RV(skipped_items).
  returned: with O(gather_certificates), on success or failure of some
  type: list
  elements: dict
  sample: []
empty_sources:
  description:
    - The sources that bring nothing at all, since a folder is not there (perhaps its disk is not mounted), has no certificate or no key, a
      mailbox has no message, or an instance of Secrets Manager has no certificate. This alone does not fail the run. The sentences are in
      RV(summary), too.
  returned: success, or failure of some
  type: list
  elements: dict
  contains:
    source:
      description: Kind of the source.
      type: str
      sample: certbot
    path:
      description: Its folder, that of the private keys for V(mail), or the endpoint of the instance.
      type: str
      sample: /etc/letsencrypt
    message:
      description: What is missing, as a sentence.
      type: str
      sample: >-
        The source certbot brings nothing: /etc/letsencrypt is not there. See that its disk is mounted, and that the path is right.
adopted:
  description:
    - What the listeners of O(adopt) get, and what is lost by it. All else about them is in RV(listeners).
  returned: with O(adopt), on success or failure of some
  type: list
  elements: dict
  contains:
    load_balancer:
      description: Name of the load balancer.
      type: str
      sample: prod-web
    load_balancer_uuid:
      description: Uuid of the load balancer.
      type: str
      sample: 0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e
    port:
      description: Port of the listener.
      type: int
      sample: 443
    outcome:
      description: As in RV(listeners[].outcome).
      type: str
      sample: switched
    reason:
      description: As in RV(listeners[].reason).
      type: str
      sample: null
    message:
      description: The outcome as a sentence.
      type: str
      sample: Switched. It is served.
    had:
      description: The facts of the certificate that the listener had, with C(id) and C(organization_name); null if it had none.
      type: dict
      sample: null
    gets:
      description: The same of the one that it gets; null if it is not switched. In check mode, C(id) is null if that is to be imported.
      type: dict
      sample: null
    lost:
      description: What is lost by it, each as a part of a sentence.
      type: list
      elements: str
      sample: ["the organization Example Ltd", "300 days until it ends"]
    allowed:
      description: What of M(softlayer.certificates.ssl_certificate_deploy) was accepted for that.
      type: list
      elements: str
      sample: [allow_organization_change]
    still_used_by:
      description: Other listeners that have what the listener had.
      type: list
      elements: str
      sample: ["prod-api:443"]
preview:
  description:
    - What O(approved) looks at of RV(imported), RV(deployed) and RV(removed).
  returned: in check mode
  type: dict
  sample: {imported: [], deployed: [], removed: []}
summary:
  description:
    - Sentences that say what was done, and what needs a person.
  returned: success, or failure of some
  type: list
  elements: str
  sample: ["imported 0, deployed 0, verified 12, removed 0, skipped 12, failed 0"]
api_calls:
  description: Number of HTTP requests made, including retries.
  returned: success, or failure of some
  type: int
  sample: 3
failure:
  description: Why the module failed.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - Stable name of the failure, such as V(rotation_failed) if something is in RV(failed_items), V(attention_needed) if something is in
          RV(attention) for which the run fails, or V(authentication_failed).
        - V(interrupted) - a signal stopped the run. Calls in flight were finished.
      type: str
      sample: attention_needed
    message:
      description: The same sentence as C(msg).
      type: str
    details:
      description: Details of this failure.
      type: dict
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._run.certificate_rotate import SPEC, libraries, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, libraries)


if __name__ == "__main__":
    main()
