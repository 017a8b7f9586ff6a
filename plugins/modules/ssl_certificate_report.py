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
  - The report contains the outcomes, reasons, and messages of these modules, starting with the items that need your attention. The module does
    not make decisions of its own.
  - The page loads nothing from other servers. The page is complete without JavaScript, which only adds sorting and filtering.
  - The module calls no API. Run the module on the host that should contain the files, which is usually the control node.
  - The module writes each file atomically. If the current report was written on the same day (UTC), and only the time differs, the module does
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
      - The result of M(softlayer.certificates.ssl_certificate_rotate), or a dict about SSL orders. This option is required with
        O(state=present).
      - If M(softlayer.certificates.ssl_certificate_rotate) failed before it returned its lists, the module writes only the metrics, and keeps the
        last report.
      - The dict about SSL orders contains the key C(orders) from M(softlayer.certificates.ssl_order_info) with its option C(gather_imported). The
        other keys are optional. C(store) is C(certificates) from M(softlayer.certificates.ssl_certificate_info) with its option
        C(gather_services). C(emails) is the list from M(softlayer.certificates.ssl_fulfillment_email) in check mode. C(collected) and C(missing)
        are C(certificates) and C(missing) from M(softlayer.certificates.ssl_fulfillment_email_info). C(skipped) and C(failed) are the lists in
        C(ssl_fulfillment_result).
      - Without C(store), the report does not show whether an order is imported.
      - If the dict has the key C(requested_phases), the dict contains the results of the modules in the role
        P(softlayer.certificates.ssl_fulfillment#role). The module then writes nothing, and returns the summary of the run in RV(lines), RV(error),
        RV(report), and RV(result).
    type: dict
  path:
    description:
      - Path of the C(.html) file for the report. The module writes the same data to the same directory with the extensions C(.json) and C(.csv).
        The directory must exist. Only the owner and the group of the files can read the files.
      - Set O(path), O(metrics_path), or both.
    type: path
  metrics_path:
    description:
      - Path of the file for the metrics, which all users can read. The directory must exist. The module writes no metrics for SSL orders.
      - For each listener, the metrics contain the start and the end of the validity of the served certificate, and show whether the certificate
        is due for renewal, served, and accepted. For the run, the metrics contain the time, the outcome, the number of changes, and the number
        of items that need your attention.
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
      - Parts of the page that replace the default parts, to customize the design or texts. C(template) is a Jinja2 template, C(css) the style
        sheet, C(script) the script, and C(words) a dict with all texts. Other keys are invalid.
      - The default parts are in the directory C(plugins/plugin_utils/_report) of the collection.
    type: dict
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

- name: Print the summary
  ansible.builtin.debug:
    msg: "{{ rotated.summary }}"

- name: Fail if the run failed
  ansible.builtin.fail:
    msg: "{{ rotated.failure.message }}"
  when: rotated.failure is defined

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
  description: Paths of the files, even if the module wrote no file.
  returned: success, unless O(results) has the key C(requested_phases)
  type: list
  elements: str
  sample: [/srv/reports/certificates.html, /srv/reports/certificates.json, /srv/reports/certificates.csv]
lines:
  description:
    - The last lines in the output of the run, which are the changes, the items that need your attention, a table of at most 30 orders, and the
      totals.
  returned: if O(results) has the key C(requested_phases)
  type: list
  elements: str
  sample: ["This run: 1 requested, 2 skipped."]
error:
  description: The reason for the failure of the run. The text is empty if nothing failed.
  returned: if O(results) has the key C(requested_phases)
  type: str
  sample: ""
report:
  description: The facts for a report of the run, with lists as M(softlayer.certificates.ssl_order_info) and the other modules return them. Use RV(report)
    as O(results) of another task. The dict is empty if the phase C(report) did not run.
  returned: if O(results) has the key C(requested_phases)
  type: dict
  sample: {}
result:
  description:
    - The lists of the run, as the role sets them in C(ssl_fulfillment_result). C(requested) contains emails as
      M(softlayer.certificates.ssl_fulfillment_email) returns them, C(collected) contains certificates as
      M(softlayer.certificates.ssl_fulfillment_email_info) returns them, and C(imported) as M(softlayer.certificates.ssl_certificate_import)
      does. C(skipped) and C(failed) contain the other orders, each with C(reason) and C(message).
  returned: if O(results) has the key C(requested_phases)
  type: dict
  sample: {}
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
          description: Code locations in the collection where the exception occurred.
          returned: if an unexpected error occurred
          type: list
          elements: str
          sample: ["module_utils/_x509/chain.py, line 10 (build)"]
"""

from functools import partial

from ansible_collections.softlayer.certificates.plugins.module_utils._base.module import Module
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.report import ORDER_REPORT
from ansible_collections.softlayer.certificates.plugins.module_utils._report.run import SPEC, list_libraries, run


def main() -> None:
    """Run the module."""
    Module(SPEC).run_and_exit(partial(run, orders=ORDER_REPORT), list_libraries)


if __name__ == "__main__":
    main()
