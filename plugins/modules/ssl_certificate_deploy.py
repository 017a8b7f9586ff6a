#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Have the HTTPS listeners of cloud load balancers serve certificates of the store."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_deploy
short_description: Have the HTTPS listeners of load balancers serve certificates of the store
version_added: 1.0.0
description:
  - Points HTTPS listeners of cloud load balancers of a SoftLayer (IBM Cloud Classic Infrastructure) account to certificates in its
    certificate store. A listener keeps serving during the change. Nothing is created, detached or deleted.
  - With O(certificate_id) and O(listeners), or with O(deployments), the listeners that you name get the certificates that you name.
  - Without them, the module renews what is served. It compares the certificate of each HTTPS listener with the store, and switches the
    listener to the best one that may stand in for it.
  - A certificate may stand in for another one if it is valid now, newer (by the start of validity, then by its end), of the same
    organization and key type, has every DNS name and IP address of the other one, is on no lower level of trust, and is not about to end
    before the other one does. The same certificate may stand in with a chain that the present record lacks. What the certificates
    themselves say counts, not what the API says of them. All modules, roles and reports of the collection go by this rule.
  - A certificate that its CA has revoked can replace nothing, see O(check_revocation).
  - The levels of trust are trusted, incomplete (an issuer is missing) and untrusted. Trust is that of clients with the machine's roots and
    those of O(trusted_ca_path), which get the chain that the store holds, as OpenSSL judges it, with RSA keys of at least 2,048 bits and EC
    keys of at least 256 bits. An authority of your own goes on as before if its root was not given.
  - If two certificates are equally good, the listener fails.
  - All listeners of a balancer are changed in one call, which names only the listener and the certificate. A balancer that is being
    changed is waited for, see O(wait_timeout). After a lost answer the call is not repeated; the module reads what was done.
  - After the change, each listener is looked at over TLS, at every address of its balancer, until it serves the certificate. See
    O(verify) and O(rollback).
  - If one listener fails, the others are still changed. The module then fails at its end, and its result reports each listener.
  - With O(exclusive), at most one run at a time changes load balancers of an account.
  - Needs the permissions C(SECURITY_CERTIFICATE_MANAGE) and C(LOADBALANCER_MANAGE), and access to the load balancers.
  - An option that limits a run, such as O(ports), is refused if it is null or empty. To not limit the run, do not set the option.
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
      - Shows the plan of a real run. It does not look at what is served.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  certificate_id:
    description:
      - Id in the certificate store of the certificate for O(listeners).
      - In check mode, null stands for the certificate that M(softlayer.certificates.ssl_certificate_import) would import. The module then
        checks everything about the listeners that does not depend on the certificate. Otherwise, null is refused.
    type: int
  listeners:
    description:
      - The listeners that should serve O(certificate_id). A list that is empty or null is refused.
    type: list
    elements: dict
    suboptions: &listener
      load_balancer:
        description:
          - Name, uuid or id of the load balancer.
        type: str
        required: true
      port:
        description:
          - Port of the listener.
        type: int
        required: true
      previous_certificate_id:
        description:
          - Switch the listener only if it has this certificate now. Otherwise it fails with the reason V(ambiguous), because it was changed
            since you looked. Null is refused.
        type: int
  deployments:
    description:
      - Several certificates, each with the listeners that should serve it. Do not combine it with O(certificate_id). A list that is empty
        or null is refused.
    type: list
    elements: dict
    suboptions:
      certificate_id:
        description:
          - Id in the certificate store, or null in check mode, see O(certificate_id). Required.
        type: int
      listeners:
        description:
          - The listeners that should serve it.
        type: list
        elements: dict
        required: true
        suboptions: *listener
  common_names:
    description:
      - Renew only listeners whose present certificate has a name that matches one of these shell patterns, ignoring case. Both the common
        name and the DNS names are compared. A list that is empty or null is refused.
      - A pattern that no name of a certificate in the store matches fails the run with V(not_found), before anything is changed.
      - An internationalised name matches in its Unicode form and in its ASCII form. V(*) also matches dots. To match the name of a wildcard
        certificate itself, write V([*].example.com).
    type: list
    elements: str
  load_balancers:
    description:
      - Renew only listeners of load balancers whose name matches one of these shell patterns, ignoring case. A list that is empty or null is
        refused.
      - A pattern that matches no load balancer fails the run with V(not_found), before anything is changed.
    type: list
    elements: str
  ports:
    description:
      - Renew only listeners on these ports. A list that is empty or null is refused.
    type: list
    elements: int
  allow_name_loss:
    description:
      - Accept a certificate that you name even if it lacks names of the present one, or if the present one is not known.
      - A wildcard certificate has the names under it.
    type: bool
    default: false
  allow_key_type_change:
    description:
      - Accept a certificate that you name even if its key is of another type than that of the present one.
      - A certificate is never put on a balancer that offers no cipher suites for its key, because no client could connect. The standard
        suites are for RSA keys only.
    type: bool
    default: false
  allow_organization_change:
    description:
      - Accept a certificate that you name even if its organization is not that of the present one, for example none, as in certificates of
        ACME authorities.
    type: bool
    default: false
  allow_expired:
    description:
      - Accept a certificate that you name even if it has expired.
    type: bool
    default: false
  allow_untrusted:
    description:
      - Accept a certificate that you name even if it is on a lower level of trust than the present one. It is signed by itself, for example,
        or comes from the staging environment of an authority, or its record lacks intermediate certificates.
    type: bool
    default: false
  max_listeners:
    description:
      - Maximum number of listeners that one run may switch. If the plan has more, the run is refused before anything is changed, also in
        check mode.
    type: int
    default: 20
  concurrency:
    description:
      - Maximum number of load balancers to change at the same time.
    type: int
    default: 4
  wait:
    description:
      - Whether to wait for a balancer that is being changed, before its change and after it.
      - With V(false), a balancer that is busy fails at once with the reason V(balancer_busy). With O(exclusive), so does a run while
        another one has the turn, with V(locked).
    type: bool
    default: true
  wait_timeout:
    description:
      - Maximum time in seconds to wait until a balancer is ACTIVE, counted anew before its change and after it. With O(exclusive), also to
        wait for another run.
    type: float
    default: 900
  wait_interval:
    description:
      - Maximum time in seconds between two readings of the balancer while waiting. The first ones follow each other faster.
    type: float
    default: 10
  verify:
    description:
      - Whether to look at what the listeners serve, over TLS and from the machine that runs the module. This includes listeners that
        keep their certificate.
      - The listener fails with the reason V(not_served) if it does not serve its certificate within O(verify_timeout), and with the reason
        V(not_accepted) if a client refuses what it serves then, and accepted what it served before.
      - Every probe has the same time limit, 10 seconds to connect and 10 seconds for the TLS handshake. A connection that breaks, or whose
        handshake takes longer, is made once more. A connection that is refused, or not accepted in time, is not.
      - A listener that does not accept connections from here, before and after the change, does not fail. Its reason is
        V(unreachable), RV(listeners[].served) is null, and a warning names it.
    type: bool
    default: true
  verify_timeout:
    description:
      - Maximum time in seconds until a listener serves its certificate, counted from when the balancer is ACTIVE.
      - This option does not change the time limit of a probe, see O(verify).
    type: float
    default: 120
  trusted_ca_path:
    description:
      - Path of a file with trusted root certificates in PEM format, or of a folder of such files.
      - They are added to the machine's roots - those of the file of E(SSL_CERT_FILE) or E(REQUESTS_CA_BUNDLE), of the folder of
        E(SSL_CERT_DIR), or else of its trust store. A file that one of these names replaces the trust store, so it must contain the
        public roots, too.
      - Clients with all these roots decide which certificate may stand in for another one. Give the root of an authority of your own, so
        that what it has not issued does not take the place of what it has.
      - One of them, which is OpenSSL, is asked whether it accepts what is served. If it does not, because an intermediate certificate is
        missing for example, a warning says so, see also RV(listeners[].accepted) and O(rollback).
    type: path
  check_revocation:
    description:
      - With V(warn), the module reads the certificate revocation lists (CRLs) that CAs publish over HTTP, about each certificate that a listener
        may get and about the certificate that the listener has. The module never switches a listener to a revoked certificate; the reason is
        V(revoked), and no other option accepts it. If an intermediate certificate was revoked, the level of trust is untrusted.
      - If the module cannot find out whether a certificate was revoked, this changes nothing. If the module cannot use a list, a warning
        says so.
      - The module asks private addresses only for a CA of O(trusted_ca_path), and keeps the lists next to the ledger for the next run.
      - With V(off), the module asks no CA.
    type: str
    choices: [warn, "off"]
    default: warn
  rollback:
    description:
      - Whether to point a listener back, once, if it worked before the change, and after it, at one of its addresses, completes no TLS
        handshake any more, serves a certificate that is neither the old nor the new one, or serves what a client refuses, though it accepted
        what was served before. Its outcome is V(rolled_back), and the module fails.
      - A refusal that you have accepted, by O(allow_untrusted) or O(allow_expired), is none.
      - The listener must be broken for 15 seconds, or until O(verify_timeout) if that is shorter.
    type: bool
    default: true
  exclusive:
    description:
      - Whether at most one run at a time may change load balancers of the account, of all runs with V(true) and the same O(ledger_url).
      - A run that has something to change takes the turn, and has it until its end. Another one waits for it, up to O(wait_timeout), with a
        warning. Then it reads the store and the balancers again and makes its plan anew. If the turn does not come in time, the run fails
        with V(locked), and nothing was changed.
      - The turn is renewed every 5 seconds. That of a run that was killed ends 30 seconds after another run has first seen it. A run that
        could not renew its turn in time changes nothing more; its listeners fail with the reason V(locked).
      - Costs one API call, for the id of the account, and only if there is something to change. Check mode takes no turn.
    type: bool
    default: false
  ledger_url:
    description:
      - SQLAlchemy URL of the ledger, where the turn of O(exclusive) is taken. It is not used otherwise, but the lists of O(check_revocation)
        are kept next to its file. See O(softlayer.certificates.ssl_fulfillment_email#module:ledger_url); the modules use the same ledger.
      - If not set, the environment variable E(SOFTLAYER_CERTIFICATES_LEDGER_URL) is used. The default is the file
        C(softlayer.certificates/ledger.sqlite3) under the user's state directory, E(XDG_STATE_HOME) or C(~/.local/state).
      - The turn is taken only if something is to be changed. If the ledger cannot be used, nothing is changed.
    type: str
seealso:
  - module: softlayer.certificates.ssl_certificate_import
  - module: softlayer.certificates.ssl_certificate_info
"""

EXAMPLES = r"""
- name: Renew what the load balancers serve, from the certificate store
  softlayer.certificates.ssl_certificate_deploy:
  register: renewal

- name: Renew the listeners of one domain on the production balancers, at most five
  softlayer.certificates.ssl_certificate_deploy:
    common_names:
      - example.com
      - "*.example.com"
    load_balancers: ["prod-*"]
    ports: [443]
    max_listeners: 5
    concurrency: 2

- name: Put one certificate on two listeners
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

- name: Put the imported certificate on a listener; in check mode, its id is null
  softlayer.certificates.ssl_certificate_deploy:
    certificate_id: "{{ imported.certificate.id }}"
    listeners:
      - load_balancer: prod-www
        port: 443

- name: Switch a listener only if it still has the certificate that it had when this was planned
  softlayer.certificates.ssl_certificate_deploy:
    certificate_id: 4711
    listeners:
      - load_balancer: prod-web
        port: 443
        previous_certificate_id: 4699

- name: Change to certificates of an ACME authority, which name no organization and have EC keys
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

- name: Put a certificate in place that has fewer names, or an expired one, on a balancer for tests
  softlayer.certificates.ssl_certificate_deploy:
    certificate_id: 4714
    listeners:
      - load_balancer: staging-web
        port: 443
    allow_name_loss: true
    allow_expired: true

- name: Put a certificate of a staging environment in place, which clients do not trust
  softlayer.certificates.ssl_certificate_deploy:
    certificate_id: 4715
    listeners:
      - load_balancer: staging-web
        port: 443
    allow_untrusted: true

- name: Renew in a short window, with roots of one's own
  softlayer.certificates.ssl_certificate_deploy:
    wait_timeout: 300
    wait_interval: 5
    verify_timeout: 60
    trusted_ca_path: /etc/ssl/company-roots.pem

- name: Only begin the change, and look at nothing
  softlayer.certificates.ssl_certificate_deploy:
    wait: false
    verify: false

- name: Renew from a host that reaches no list of revoked certificates
  softlayer.certificates.ssl_certificate_deploy:
    check_revocation: "off"

- name: Renew from any of several controllers, of which only one at a time changes something
  softlayer.certificates.ssl_certificate_deploy:
    exclusive: true
    ledger_url: "postgresql://certificates:{{ vault_ledger_password }}@db.example.com/certificates"

- name: Renew, and leave a listener that is broken afterwards as it is, for a person to look at
  softlayer.certificates.ssl_certificate_deploy:
    rollback: false
"""

RETURN = r"""
listeners:
  description: One entry for each listener that was considered, sorted by load balancer and port.
  returned: success, or failure of a listener
  type: list
  elements: dict
  contains:
    load_balancer:
      description: Name of the load balancer.
      type: str
      sample: prod-web
    load_balancer_uuid:
      description: Uuid of the load balancer; null if it was not found.
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
      description: Uuid of the listener; null if it was not found.
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
      description:
        - The certificate that is meant for the listener. If nothing is to be changed, it is the one that the listener has.
        - Null if the listener has none, and in check mode, if the certificate would be imported.
      type: int
      sample: 4711
    fingerprint_sha256:
      description: SHA-256 of the certificate that is meant for the listener, in hex; null if it is not known.
      type: str
      sample: 5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e
    not_after:
      description: End of validity of that certificate.
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
    outcome:
      description:
        - V(switched) if the listener was, or in check mode would be, pointed to the certificate. V(unchanged) if nothing was to be done.
        - V(skipped) if a newer certificate was found that may not stand in for the present one, or if the present one is not known.
        - V(failed) if it was not switched, or if the certificate is not served.
        - V(rolled_back) if it was pointed back, see O(rollback).
      type: str
      choices: [switched, unchanged, skipped, failed, rolled_back]
      sample: switched
    reason:
      description:
        - Why, null if there is nothing to say. One of V(not_https), V(names_not_covered), V(key_type_differs),
          V(key_type_not_offered), V(organization_differs), V(untrusted), V(chain_incomplete), V(expired), V(expires_earlier),
          V(not_yet_valid), V(revoked), V(ambiguous), V(not_found), V(changed_meanwhile), V(balancer_busy), V(balancer_error), V(locked),
          V(not_served), V(not_accepted), V(unreachable), V(refused), V(rate_limited), V(interrupted), V(api_error), V(outcome_unknown).
        - V(untrusted) - it is on a lower level of trust than the present one. V(chain_incomplete) - because an issuer is missing in its record.
        - V(expired) - the certificate, or one of its issuers, has expired.
        - V(expires_earlier) - in renewal mode, the certificate is due for renewal, and expires before the present one.
        - V(revoked) - its CA has revoked it.
        - V(not_accepted) - a client refuses what is served, and accepted what was there before.
      type: str
      sample: null
    served:
      description:
        - Whether the listener was seen to serve the certificate. V(false) if it serves something else, null if it was not, or could not
          be, looked at.
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
    message:
      description: The outcome as a sentence.
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
  description: Number of HTTP requests that were made.
  returned: success, or failure of a listener
  type: int
  sample: 5
failure:
  description: What went wrong, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description: Stable name of the failure, such as V(listeners_failed), V(too_many_listeners) or V(locked).
      type: str
      sample: listeners_failed
    message:
      description: The same sentence as C(msg).
      type: str
    details:
      description: Details of this failure.
      type: dict
"""

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.run_deploy import LIBRARIES, SPEC, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(run, LIBRARIES)


if __name__ == "__main__":
    main()
