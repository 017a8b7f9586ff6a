#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a report and metrics from the results of other modules."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_report
short_description: Write a report and metrics from the results of other modules
version_added: 1.0.0
description:
  - Writes the results of M(softlayer.certificates.ssl_certificate_rotate) or of the modules for SSL orders as an HTML page, as JSON, and as CSV,
    and as metrics for the textfile collector of the Prometheus node_exporter.
  - The report contains the outcomes, reasons, and messages of these modules, starting with the items that need your attention. The module makes
    no decisions of its own.
  - The page loads nothing from other servers. The page is complete without JavaScript, which only adds sorting and filtering.
  - The module calls no API. Run the module on the host that should contain the files, which is usually the controller.
  - The module writes each file atomically. If the present report was written on the same day (UTC), and only the time differs, the module does
    not write the report again.
author:
  - softlayer.certificates contributors (@softlayer)
extends_documentation_fragment:
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.attributes
requirements:
  - Jinja2 >= 3 (for the report; Ansible has it)
  - prometheus-client >= 0.16 (for the metrics)
attributes:
  check_mode:
    support: full
    details:
      - In check mode, the module writes nothing.
  diff_mode:
    support: full
    details:
      - In diff mode, the module returns the changed lines of the CSV file.
  idempotent:
    support: full
    details:
      - The metrics contain the time of each run. The module does not return RV(ignore:changed) for them.
options:
  results:
    description:
      - The result of M(softlayer.certificates.ssl_certificate_rotate), or a dict about SSL orders. Required with O(state=present).
      - If M(softlayer.certificates.ssl_certificate_rotate) failed before it returned its lists, the module writes only the metrics, and keeps the
        last report.
      - The dict about SSL orders contains the key C(orders) from M(softlayer.certificates.ssl_order_info) with its option C(gather_imported). The
        other keys are optional. C(store) is C(certificates) from M(softlayer.certificates.ssl_certificate_info) with its option
        C(gather_services). C(emails) is the list from M(softlayer.certificates.ssl_fulfillment_email) in check mode. C(collected) and C(missing)
        are C(certificates) and C(missing) from M(softlayer.certificates.ssl_fulfillment_email_info). C(skipped) and C(failed) are the lists in
        C(ssl_fulfillment_result).
      - Without C(store), the report does not contain which orders are imported.
    type: dict
  path:
    description:
      - Path of the C(.html) file for the report. The module writes the same data to the same directory with the extensions C(.json) and C(.csv).
        The directory must exist. Only the owner and the group of the files can read them.
      - Set O(path), O(metrics_path), or both, unless O(ends_run=true).
    type: path
  metrics_path:
    description:
      - Path of the file for the metrics, which all users can read. The directory must exist. The module writes no metrics for SSL orders.
      - For each listener, the metrics contain when the served certificate becomes valid and expires, and whether it is due for renewal, served,
        and accepted. For the run, the metrics contain its time, its outcome, the number of changes, and the number of items that need your
        attention.
    type: path
  language:
    description:
      - Language of the page. The messages of modules are in English.
    type: str
    choices: [en, de]
    default: en
  state:
    description:
      - Whether to write the files. V(checked) writes nothing, but fails if a library is missing, or if a directory or the disk does not allow the
        files to be written. Use V(checked) before a run.
    type: str
    choices: [present, checked]
    default: present
  page:
    description:
      - Parts of the page that replace those of the collection, to customize its design or texts. C(template) is a Jinja2 template, C(css) the
        style sheet, C(script) the script, and C(words) a dict with all texts. Other keys are rejected.
      - The default parts are in the directory C(plugins/plugin_utils/_report) of the collection.
    type: dict
  ends_run:
    description:
      - Whether to return the last lines of a run, as the roles print them, in RV(lines) and RV(error). O(path) and O(metrics_path) are then
        optional. If the report cannot be written, RV(error) contains the cause.
      - O(results) can then also contain the results of the modules in the role P(softlayer.certificates.ssl_fulfillment#role).
    type: bool
    default: false
seealso:
  - module: softlayer.certificates.ssl_certificate_rotate
  - module: softlayer.certificates.ssl_order_info
"""

EXAMPLES = r"""
- name: Check that a report can be written, before the rotation
  softlayer.certificates.ssl_certificate_report:
    state: checked
    path: ~/certificates.html
    metrics_path: ~/certificates.prom

- name: Verify what the listeners serve
  softlayer.certificates.ssl_certificate_rotate:
    phases: [verify]
  register: rotated
  failed_when: false # the last task fails

- name: Write the report and the metrics
  softlayer.certificates.ssl_certificate_report:
    results: "{{ rotated }}"
    path: ~/certificates.html
    metrics_path: ~/certificates.prom
    language: de
    ends_run: true
  register: report
  failed_when: false # the last task fails

- name: Print the last lines of the run
  ansible.builtin.debug:
    msg: "{{ report.lines }}"

- name: Fail if the run failed
  ansible.builtin.fail:
    msg: "{{ report.error }}"
  when: report.error is truthy

- name: List the orders
  softlayer.certificates.ssl_order_info:
    gather_imported: true
  register: listed

- name: List the certificate store
  softlayer.certificates.ssl_certificate_info:
    gather_services: true
  register: stored

- name: Write a report of the orders, with a style sheet of your own
  softlayer.certificates.ssl_certificate_report:
    results: "{{ {'orders': listed.orders, 'store': stored.certificates} }}"
    path: ~/orders.html
    page: "{{ {'css': 'body { font-family: serif; }'} }}"
  register: written

- name: Show the paths of the files
  ansible.builtin.debug:
    var: written.paths
"""

RETURN = r"""
paths:
  description: Paths of the files, also if no file had to be written.
  returned: success, unless O(ends_run=true)
  type: list
  elements: str
  sample: [/srv/reports/certificates.html, /srv/reports/certificates.json, /srv/reports/certificates.csv]
lines:
  description:
    - The last lines of the run. These are the changes, the items that need your attention, a table of at most 30 listeners or orders, the most
      urgent first, and the totals.
  returned: if O(ends_run=true)
  type: list
  elements: str
  sample: ["2 listeners: 1 switched, 1 unchanged. Certificates: 1 imported."]
all_lines:
  description: The lines in RV(lines), and if the run failed, also the problems in RV(error), which RV(lines) omits.
  returned: if O(ends_run=true)
  type: list
  elements: str
  sample: ["2 listeners: 1 switched, 1 unchanged. Certificates: 1 imported."]
error:
  description: The cause why the run in O(results) failed, and why the report could not be written. Empty if nothing failed.
  returned: if O(ends_run=true)
  type: str
  sample: ""
result:
  description: The lists of the run in O(results) if it is a run of the role P(softlayer.certificates.ssl_fulfillment#role), otherwise an empty dict.
  returned: if O(ends_run=true)
  type: dict
  contains:
    requested:
      description: The emails that were requested, as M(softlayer.certificates.ssl_fulfillment_email) returns them.
      returned: if it is a run of this role
      type: list
      elements: dict
      contains:
        order_id: {description: "See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].order_id).", type: int, sample: 1234}
        common_name: {description: "See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].common_name).", type: str, sample: "www.example.com"}
        subject_alt_names:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].subject_alt_names).
          type: list
          elements: str
          sample: []
        recipient: {description: "See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].recipient).", type: str, sample: "admin@example.com"}
        technical_contact_email:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].technical_contact_email).
          type: str
          sample: "tech@example.com"
        status: {description: "See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].status).", type: str, sample: "approved"}
        outcome: {description: "See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].outcome).", type: str, sample: "requested"}
        reason: {description: "See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].reason).", type: str, sample: "cooldown"}
        requested_at:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].requested_at).
          type: str
          sample: "2026-01-31T08:12:44Z"
        previous_requested_at:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].previous_requested_at).
          type: str
          sample: "2026-01-30T08:00:00Z"
        first_requested_at:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].first_requested_at).
          type: str
          sample: "2026-01-29T09:00:00Z"
        next_allowed_at:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].next_allowed_at).
          type: str
          sample: "2026-02-01T08:12:44Z"
        message:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].message).
          type: str
          sample: "The fulfillment email goes to admin@example.com."
    collected:
      description: The certificates that were found in emails, as M(softlayer.certificates.ssl_fulfillment_email_info) returns them.
      returned: if it is a run of this role
      type: list
      elements: dict
      contains:
        order_id: {description: "See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].order_id).", type: int, sample: 1234}
        common_name:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].common_name).
          type: str
          sample: "www.example.com"
        path: {description: "See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].path).", type: str, sample: null}
        trust: {description: "See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].trust).", type: str, sample: "trusted"}
        certificate:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].certificate).
          type: str
          sample: "-----BEGIN CERTIFICATE-----
MIIF...
-----END CERTIFICATE-----
"
        intermediate_certificate:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].intermediate_certificate).
          type: str
          sample: "-----BEGIN CERTIFICATE-----
MIIE...
-----END CERTIFICATE-----
"
        fingerprint_sha256:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].fingerprint_sha256).
          type: str
          sample: "5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e"
        public_key_sha256:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].public_key_sha256).
          type: str
          sample: "3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718"
        serial_number:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].serial_number).
          type: int
          sample: 305419896
        not_before:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].not_before).
          type: str
          sample: "2026-02-01T00:00:00Z"
        not_after:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].not_after).
          type: str
          sample: "2027-01-31T23:59:59Z"
        subject_alt_names:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].subject_alt_names).
          type: list
          elements: str
          sample: ["www.example.com", "example.com"]
        key_type: {description: "See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].key_type).", type: str, sample: "RSA"}
        key_size: {description: "See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].key_size).", type: int, sample: 2048}
        source:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].source).
          type: dict
          contains:
            message_id:
              description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].source.message_id).
              type: str
              sample: "<20260201.1234@ca.example>"
            from:
              description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].source.from).
              type: str
              sample: "Example Trust Orders <orders@ca.example>"
            date:
              description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].source.date).
              type: str
              sample: "2026-02-01T10:00:00Z"
            subject:
              description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].source.subject).
              type: str
              sample: "RapidSSL Certificate Order 1234 Complete - www.example.com"
            folder:
              description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].source.folder).
              type: str
              sample: "INBOX"
            uid: {description: "See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].source.uid).", type: int, sample: 4711}
            path: {description: "See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].source.path).", type: str, sample: null}
            format:
              description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:certificates[].source.format).
              type: str
              sample: "inline_pem"
    imported:
      description: The certificates that were imported, as M(softlayer.certificates.ssl_certificate_import) returns them.
      returned: if it is a run of this role
      type: list
      elements: dict
      contains:
        id: {description: "See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].id).", type: int, sample: 4711}
        common_name:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].common_name).
          type: str
          sample: "www.example.com"
        fingerprint_sha256:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].fingerprint_sha256).
          type: str
          sample: "5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e"
        public_key_sha256:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].public_key_sha256).
          type: str
          sample: "3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718"
        serial_number:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].serial_number).
          type: int
          sample: 305419896
        not_before:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].not_before).
          type: str
          sample: "2026-02-01T00:00:00Z"
        not_after:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].not_after).
          type: str
          sample: "2027-01-31T23:59:59Z"
        subject_alt_names:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].subject_alt_names).
          type: list
          elements: str
          sample: ["www.example.com", "example.com"]
        key_type: {description: "See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].key_type).", type: str, sample: "RSA"}
        key_size: {description: "See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].key_size).", type: int, sample: 2048}
        trust: {description: "See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].trust).", type: str, sample: "trusted"}
        notes: {description: "See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].notes).", type: str, sample: "web frontend"}
        order_id: {description: "See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].order_id).", type: int, sample: 1234}
        outcome: {description: "See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].outcome).", type: str, sample: "imported"}
        reason: {description: "See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].reason).", type: str, sample: "key_mismatch"}
        superseded:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded).
          type: list
          elements: dict
          contains:
            id: {description: "See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded[].id).", type: int, sample: 4001}
            not_after:
              description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded[].not_after).
              type: str
              sample: "2026-02-11T23:59:59Z"
            associated_service_count:
              description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded[].associated_service_count).
              type: int
              sample: 0
            removed:
              description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded[].removed).
              type: bool
              sample: true
        message: {description: "See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].message).", type: str, sample: "Imported."}
    skipped:
      description: The orders that were skipped, each once, with the reason of the last phase.
      returned: if it is a run of this role
      type: list
      elements: dict
      contains:
        order_id:
          description: ID of the order.
          type: int
          sample: 1234
        common_name:
          description: Common name of the order or certificate, or null if it has none.
          type: str
          sample: www.example.com
        reason:
          description: Code of the reason. The guide of reasons explains the codes.
          type: str
          sample: waiting_for_certificate
        message:
          description: The reason as a sentence, and the fix.
          type: str
          sample: "Waiting for the certificate: save it from the fulfillment email."
        subject_alt_names:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].subject_alt_names).
          returned: for a fulfillment email
          type: list
          elements: str
          sample: []
        recipient:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].recipient).
          returned: for a fulfillment email
          type: str
          sample: "admin@example.com"
        technical_contact_email:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].technical_contact_email).
          returned: for a fulfillment email
          type: str
          sample: "tech@example.com"
        status:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].status).
          returned: for a fulfillment email
          type: str
          sample: "approved"
        outcome:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].outcome).
          returned: for a fulfillment email
          type: str
          sample: "requested"
        requested_at:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].requested_at).
          returned: for a fulfillment email
          type: str
          sample: "2026-01-31T08:12:44Z"
        previous_requested_at:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].previous_requested_at).
          returned: for a fulfillment email
          type: str
          sample: "2026-01-30T08:00:00Z"
        first_requested_at:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].first_requested_at).
          returned: for a fulfillment email
          type: str
          sample: "2026-01-29T09:00:00Z"
        next_allowed_at:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].next_allowed_at).
          returned: for a fulfillment email
          type: str
          sample: "2026-02-01T08:12:44Z"
        path:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:missing[].path).
          returned: for a missing certificate
          type: str
          sample: null
        public_key_sha256:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:missing[].public_key_sha256).
          returned: for a missing certificate
          type: str
          sample: "3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718"
        not_before:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:missing[].not_before).
          returned: for a missing certificate
          type: str
          sample: null
        not_after:
          description: See RV(softlayer.certificates.ssl_fulfillment_email_info#module:missing[].not_after).
          returned: for a missing certificate
          type: str
          sample: null
        needs_person:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:skipped_items[].needs_person).
          returned: for an order that cannot be imported
          type: bool
          sample: false
        id:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].id).
          returned: for a certificate
          type: int
          sample: 4711
        fingerprint_sha256:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].fingerprint_sha256).
          returned: for a certificate
          type: str
          sample: "5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e"
        serial_number:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].serial_number).
          returned: for a certificate
          type: int
          sample: 305419896
        key_type:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].key_type).
          returned: for a certificate
          type: str
          sample: "RSA"
        key_size:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].key_size).
          returned: for a certificate
          type: int
          sample: 2048
        trust:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].trust).
          returned: for a certificate
          type: str
          sample: "trusted"
        notes:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].notes).
          returned: for a certificate
          type: str
          sample: "web frontend"
        superseded:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded).
          returned: for a certificate
          type: list
          elements: dict
          contains:
            id: {description: "See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded[].id).", type: int, sample: 4001}
            not_after:
              description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded[].not_after).
              type: str
              sample: "2026-02-11T23:59:59Z"
            associated_service_count:
              description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded[].associated_service_count).
              type: int
              sample: 0
            removed:
              description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded[].removed).
              type: bool
              sample: true
    failed:
      description: The orders, certificates, and steps that failed.
      returned: if it is a run of this role
      type: list
      elements: dict
      contains:
        order_id:
          description: ID of the order.
          returned: if the item is about an order
          type: int
          sample: 1234
        common_name:
          description: Common name of the order or certificate, or null if it has none. If a whole step failed, the name of the step.
          type: str
          sample: www.example.com
        reason:
          description: Code of the reason. The guide of reasons explains the codes.
          type: str
          sample: key_mismatch
        message:
          description: The reason as a sentence, and the fix.
          type: str
          sample: "The private key does not belong to the certificate."
        subject_alt_names:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].subject_alt_names).
          returned: for a fulfillment email
          type: list
          elements: str
          sample: []
        recipient:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].recipient).
          returned: for a fulfillment email
          type: str
          sample: "admin@example.com"
        technical_contact_email:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].technical_contact_email).
          returned: for a fulfillment email
          type: str
          sample: "tech@example.com"
        status:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].status).
          returned: for a fulfillment email
          type: str
          sample: "approved"
        outcome:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].outcome).
          returned: for a fulfillment email
          type: str
          sample: "requested"
        requested_at:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].requested_at).
          returned: for a fulfillment email
          type: str
          sample: "2026-01-31T08:12:44Z"
        previous_requested_at:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].previous_requested_at).
          returned: for a fulfillment email
          type: str
          sample: "2026-01-30T08:00:00Z"
        first_requested_at:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].first_requested_at).
          returned: for a fulfillment email
          type: str
          sample: "2026-01-29T09:00:00Z"
        next_allowed_at:
          description: See RV(softlayer.certificates.ssl_fulfillment_email#module:emails[].next_allowed_at).
          returned: for a fulfillment email
          type: str
          sample: "2026-02-01T08:12:44Z"
        id:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].id).
          returned: for a certificate
          type: int
          sample: 4711
        fingerprint_sha256:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].fingerprint_sha256).
          returned: for a certificate
          type: str
          sample: "5f0c2d61b03e9cf53e8aa7110b7c34c15290aa77e1ce284df97ba4b0661d029e"
        public_key_sha256:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].public_key_sha256).
          returned: for a certificate
          type: str
          sample: "3b1f2a0c9d8e7f60514233241506f7e8d9cabbac9d8e7f605142332415060718"
        serial_number:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].serial_number).
          returned: for a certificate
          type: int
          sample: 305419896
        not_before:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].not_before).
          returned: for a certificate
          type: str
          sample: "2026-02-01T00:00:00Z"
        not_after:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].not_after).
          returned: for a certificate
          type: str
          sample: "2027-01-31T23:59:59Z"
        key_type:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].key_type).
          returned: for a certificate
          type: str
          sample: "RSA"
        key_size:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].key_size).
          returned: for a certificate
          type: int
          sample: 2048
        trust:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].trust).
          returned: for a certificate
          type: str
          sample: "trusted"
        notes:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].notes).
          returned: for a certificate
          type: str
          sample: "web frontend"
        superseded:
          description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded).
          returned: for a certificate
          type: list
          elements: dict
          contains:
            id: {description: "See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded[].id).", type: int, sample: 4001}
            not_after:
              description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded[].not_after).
              type: str
              sample: "2026-02-11T23:59:59Z"
            associated_service_count:
              description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded[].associated_service_count).
              type: int
              sample: 0
            removed:
              description: See RV(softlayer.certificates.ssl_certificate_import#module:certificates[].superseded[].removed).
              type: bool
              sample: true
        code:
          description: Same as C(reason).
          returned: if a whole step failed
          type: str
          sample: unreachable
        details:
          description: Facts about the failure, as in C(failure.details) of the module that failed.
          returned: if a whole step failed
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
            host: {description: Host of the server., returned: if a server cannot be used, type: str, sample: "api.example.com"}
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
            libraries:
              description: Python libraries that are missing.
              returned: if a library is missing
              type: list
              elements: str
              sample: [cryptography]
            type: {description: Type of the unexpected exception., returned: if an unexpected error occurred, type: str, sample: "KeyError"}
            place:
              description: Places in the code of the collection where the exception occurred.
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
              description: Time since which another run holds the lock.
              returned: if another run holds the lock
              type: str
              sample: "2026-12-01T03:00:10Z"
            account_id:
              description: The account to which the orders do not belong.
              returned: if the orders belong to another account
              type: int
              sample: 307608
            accounts:
              description: IDs of the accounts to which the orders belong.
              returned: if the orders belong to another account
              type: list
              elements: int
              sample: [307600]
            planned: {description: Number of emails that the run would have requested., returned: if max_orders is exceeded, type: int, sample: 60}
            max_orders: {description: Value of C(max_orders)., returned: if max_orders is exceeded, type: int, sample: 50}
            folder: {description: Folder that does not exist on the mail server., returned: if the folder does not exist, type: str, sample: "CA"}
            order_ids:
              description: IDs of the orders whose emails the run would have requested.
              returned: if max_orders is exceeded
              type: list
              elements: int
              sample: [1234, 5678]
failure:
  description: The cause of the failure, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - Stable code of the failure, such as V(invalid_argument) or V(missing_library).
        - V(not_found) - the directory does not exist, or is not writable. V(not_written) - the disk is full or damaged.
      type: str
      sample: not_found
    message:
      description: The cause of the failure and its fix, as in C(msg).
      type: str
      sample: "The file /srv/reports/certificates.html cannot be written: No such file or directory."
    details:
      description: Facts about the failure. The keys depend on RV(failure.code).
      type: dict
      contains:
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
          description: Places in the code of the collection where the exception occurred.
          returned: if an unexpected error occurred
          type: list
          elements: str
          sample: ["module_utils/_x509/chain.py, line 10 (build)"]
"""

from functools import partial

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.report import OF_ORDERS
from ansible_collections.softlayer.certificates.plugins.module_utils._report.run import SPEC, libraries, run


def main() -> None:
    """Entry point."""
    Module(SPEC).answer(partial(run, orders=OF_ORDERS), libraries)


if __name__ == "__main__":
    main()
