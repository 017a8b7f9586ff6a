#!/usr/bin/python

# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a report and metrics of what other modules returned."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ssl_certificate_report
short_description: Write a report and metrics of what other modules returned
version_added: 1.0.0
description:
  - Writes what M(softlayer.certificates.ssl_certificate_rotate), or the modules for SSL orders, returned as a page for people, as JSON and as
    CSV, and for the textfile collector of Prometheus's node_exporter.
  - It decides nothing. It shows the outcomes, reasons and messages of those modules, and what needs a person first.
  - The page loads nothing from elsewhere. It is complete without JavaScript, which only adds sorting and filtering.
  - No API is called. It runs where the files shall be, which is usually the controller.
  - Each file is written whole or not at all. If nothing was done since the report that was written on the same day (UTC), and nothing else
    has changed but the time, that report stays as it is.
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
      - Writes nothing.
  diff_mode:
    support: full
    details:
      - Shows the lines of the CSV file.
  idempotent:
    support: full
    details:
      - The metrics tell the time of each run. That they were written is no change.
options:
  results:
    description:
      - What M(softlayer.certificates.ssl_certificate_rotate) returned. If it failed before it could list anything, the metrics say so, and
        the files of the last report stay as they are.
      - Or a dict about SSL orders. C(orders) are those of M(softlayer.certificates.ssl_order_info), with its option C(gather_imported). What
        else is known of them may be added - C(store), the C(certificates) of M(softlayer.certificates.ssl_certificate_info) with its option
        C(gather_services); C(emails), those of M(softlayer.certificates.ssl_fulfillment_email) in check mode; C(collected) and C(missing), the
        C(certificates) and C(missing) of M(softlayer.certificates.ssl_fulfillment_email_info); C(skipped) and C(failed), the lists of
        C(ssl_fulfillment_result). Without C(store), it is not known which orders are imported.
      - Required with O(state=present).
    type: dict
  path:
    description:
      - The page, an C(.html) file in a folder that exists. Beside it, C(.json) and C(.csv) are written. Only owner and group may read them.
      - Give O(path), O(metrics_path) or both, unless O(ends_run=true).
    type: path
  metrics_path:
    description:
      - The file of metrics, in a folder that exists; everybody may read it. SSL orders have none.
      - Of each listener, it tells the end and the begin of validity of what is served, whether it is due, served and accepted; of the run, its
        time, its outcome, how much was done, and how much needs a person.
    type: path
  language:
    description:
      - The language of the page. Messages of modules are in English.
    type: str
    choices: [en, de]
    default: en
  state:
    description:
      - With V(checked), nothing is written. It is only seen whether libraries, folder and disk allow it, which is good to know before a run.
    type: str
    choices: [present, checked]
    default: present
  page:
    description:
      - Parts of the page that take the place of those of the collection, for a look or words of your own. C(template) is a text for Jinja2,
        C(css) the style sheet, C(script) the script, and C(words) a dict with all texts; the collection's are in its folder
        C(plugins/plugin_utils/_report). Anything else is refused.
    type: dict
  ends_run:
    description:
      - Whether to return what a run ends with, as the roles print it, in RV(lines) and RV(error). No file need be named then, and a report that
        cannot be written is a part of RV(error).
      - O(results) may then also have what the modules of the role P(softlayer.certificates.ssl_fulfillment#role) returned.
    type: bool
    default: false
seealso:
  - module: softlayer.certificates.ssl_certificate_rotate
  - module: softlayer.certificates.ssl_order_info
"""

EXAMPLES = r"""
- name: Make sure that a report can be written, before anything is done
  softlayer.certificates.ssl_certificate_report:
    state: checked
    path: ~/certificates.html
    metrics_path: ~/certificates.prom

- name: See what is served and what is due
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
  register: told
  failed_when: false # the last task fails

- name: Print what was done
  ansible.builtin.debug:
    msg: "{{ told.lines }}"

- name: Fail if something failed
  ansible.builtin.fail:
    msg: "{{ told.error }}"
  when: told.error is truthy

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

- name: Show where it is
  ansible.builtin.debug:
    var: written.paths
"""

RETURN = r"""
paths:
  description: The files, also if nothing had to be written.
  returned: success, unless O(ends_run=true)
  type: list
  elements: str
  sample: [/srv/reports/certificates.html, /srv/reports/certificates.json, /srv/reports/certificates.csv]
lines:
  description:
    - What was done, what needs attention, a table of at most 30 listeners or orders, the most urgent first, and the totals. Each line is a
      sentence or a row of the table.
  returned: if O(ends_run=true)
  type: list
  elements: str
  sample: ["2 listeners: 1 switched, 1 as it was; certificates: 1 imported"]
all_lines:
  description: The same lines. If the run failed, RV(lines) leaves out what RV(error) says, and these lines contain it.
  returned: if O(ends_run=true)
  type: list
  elements: str
  sample: ["2 listeners: 1 switched, 1 as it was; certificates: 1 imported"]
error:
  description: Why the run in O(results) failed, and why the report could not be written; blank if nothing failed.
  returned: if O(ends_run=true)
  type: str
  sample: ""
result:
  description: The lists of the run in O(results) if it is one of the role P(softlayer.certificates.ssl_fulfillment#role); otherwise empty.
  returned: if O(ends_run=true)
  type: dict
  contains:
    requested:
      description: The emails that were requested, as M(softlayer.certificates.ssl_fulfillment_email) returns them.
      returned: if it is one of that role
      type: list
      elements: dict
    collected:
      description: The certificates that were found, as M(softlayer.certificates.ssl_fulfillment_email_info) returns them.
      returned: if it is one of that role
      type: list
      elements: dict
    imported:
      description: The certificates that were imported, as M(softlayer.certificates.ssl_certificate_import) returns them.
      returned: if it is one of that role
      type: list
      elements: dict
    skipped:
      description: The orders for which nothing could be done, each once, with the reason of the last phase.
      returned: if it is one of that role
      type: list
      elements: dict
    failed:
      description: What failed.
      returned: if it is one of that role
      type: list
      elements: dict
failure:
  description: What went wrong, in machine-readable form.
  returned: failure
  type: dict
  contains:
    code:
      description:
        - Stable name of the failure, such as V(invalid_argument), V(missing_library), V(not_found) if a file cannot be put there, or
          V(not_written) if the disk is full or broken.
      type: str
      sample: not_found
    message:
      description: The same sentence as C(msg).
      type: str
    details:
      description: Details of this failure.
      type: dict
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
