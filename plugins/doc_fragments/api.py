# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation that several modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that calls the SoftLayer API; defined in C(module_utils/_softlayer/options.py)."""

    DOCUMENTATION = r"""
options:
  username:
    description:
      - V(apikey) with a key of IBM Cloud. Or E(SL_USERNAME).
    type: str
  api_key:
    description:
      - Classic or IBM Cloud key, never logged. Or E(SL_API_KEY).
    type: str
  endpoint_url:
    description:
      - URL of the API. Or E(SL_ENDPOINT_URL), or SoftLayer's.
    type: str
  transport:
    description:
      - V(rest) is faster. Or E(SOFTLAYER_CERTIFICATES_TRANSPORT).
    type: str
    choices: [xmlrpc, rest]
  config_file:
    description:
      - Another file like C(~/.softlayer), which is read, too.
    type: path
  timeout:
    description:
      - Seconds for a whole call, to its last byte.
    type: float
    default: 60
  proxy:
    description:
      - HTTP proxy, its login percent-encoded. Or C(https_proxy).
    type: str
  validate_certs:
    description:
      - Whether to verify the API's TLS certificate.
    type: bool
    default: true
  ca_path:
    description:
      - CAs of the API, PEM. Or E(SOFTLAYER_CERTIFICATES_CA_PATH).
    type: path
  retries:
    description:
      - How often to repeat reads, and calls not processed.
    type: int
    default: 5
requirements:
  - SoftLayer >= 6.2.2
  - requests >= 2.28.1
  - urllib3 >= 1.26.12
"""
