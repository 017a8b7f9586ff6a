# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation that several modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that calls the SoftLayer API; defined in C(module_utils/_argspec.py)."""

    DOCUMENTATION = r"""
options:
  username:
    description:
      - Or E(SL_USERNAME). V(apikey) for an IBM Cloud API key.
    type: str
  api_key:
    description:
      - Key of that user, never logged. Or E(SL_API_KEY).
    type: str
  endpoint_url:
    description:
      - URL of the API. Default E(SL_ENDPOINT_URL), then V(https://api.softlayer.com/xmlrpc/v3.1/). Plain C(http) is for loopback hosts only.
    type: str
  transport:
    description:
      - How to call it; V(rest) is faster for thousands of objects. Default E(SOFTLAYER_CERTIFICATES_TRANSPORT), then by the URL.
    type: str
    choices: [xmlrpc, rest]
  config_file:
    description:
      - Of the SoftLayer SDK, for what neither options nor environment set. C(~/.softlayer) is always read.
    type: path
  timeout:
    description:
      - Seconds for a whole call, to its last byte.
    type: float
    default: 60
  proxy:
    description:
      - URL of an HTTP proxy, its login percent-encoded. Default C(https_proxy) and C(no_proxy).
    type: str
  validate_certs:
    description:
      - Whether to verify the API's TLS certificate.
    type: bool
    default: true
  ca_path:
    description:
      - CA certificates for the API. Default E(SOFTLAYER_CERTIFICATES_CA_PATH), then the machine's.
    type: path
  retries:
    description:
      - How often to repeat a call that was not processed. One that changes something is never repeated blindly.
    type: int
    default: 5
requirements:
  - SoftLayer >= 6.2.2
  - requests >= 2.28.1
  - urllib3 >= 1.26.12
"""
