# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of every module that calls the SoftLayer API."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that calls the SoftLayer API; defined in C(module_utils/_softlayer/options.py)."""

    DOCUMENTATION = r"""
options:
  username:
    description:
      - User name for the SoftLayer API. With an IBM Cloud API key, the user name is V(apikey).
      - The default is the environment variable E(SL_USERNAME), or else the configuration file (see O(config_file)).
    type: str
  api_key:
    description:
      - API key of the user, either a classic infrastructure API key or an IBM Cloud API key.
      - The default is the environment variable E(SL_API_KEY), or else the configuration file (see O(config_file)).
    type: str
  iam_token:
    description:
      - IAM access token of IBM Cloud, instead of O(username) and O(api_key). The word C(Bearer) before the token is ignored. O(api_key) and
        O(iam_token) are mutually exclusive.
      - The default is the environment variable E(IBMCLOUD_IAM_TOKEN), which takes precedence over the configuration file. O(api_key), and a user
        name with E(SL_API_KEY), take precedence over E(IBMCLOUD_IAM_TOKEN). O(iam_token) takes precedence over E(SL_API_KEY).
      - A token expires after at most 60 minutes. If the token expires during a run, the remaining calls fail.
      - Set O(transport=rest), because the API may reject tokens over XML-RPC.
    type: str
  endpoint_url:
    description:
      - URL of the SoftLayer API. If the path of the URL contains C(rest), REST is used instead of XML-RPC.
      - The default is the environment variable E(SL_ENDPOINT_URL), or else the configuration file (see O(config_file)), or else the public
        XML-RPC endpoint.
      - Credentials are sent over plain HTTP only to a loopback address.
    type: str
  transport:
    description:
      - Protocol of the API. For thousands of orders or certificates, V(rest) is faster.
      - The default is the environment variable E(SOFTLAYER_CERTIFICATES_TRANSPORT), or else the protocol in O(endpoint_url).
    type: str
    choices: [xmlrpc, rest]
  config_file:
    description:
      - Path of a configuration file in the format of C(~/.softlayer), the configuration file of the SoftLayer SDK.
      - Values in O(config_file) take precedence over values in C(/etc/softlayer.conf) and C(~/.softlayer), which are also read.
    type: path
  timeout:
    description:
      - Maximum time in seconds for one API call, until the response is complete.
      - If O(timeout) is not set, C(timeout) of the configuration file replaces the default.
    type: float
    default: 60
  proxy:
    description:
      - URL of the HTTP proxy, such as V(http://user:password@proxy.example.com:3128). Percent-encode special characters in the user name and the
        password.
      - The default is the environment variable C(https_proxy), or else the configuration file (see O(config_file)).
    type: str
  validate_certs:
    description:
      - Whether to verify the TLS certificate of the API.
      - If neither O(validate_certs) nor O(ca_path) is set, C(verify) of the configuration file replaces the default of O(validate_certs).
    type: bool
    default: true
  ca_path:
    description:
      - Path of a file or directory with the CA certificates to trust for the API, in PEM format.
      - The default is the environment variable E(SOFTLAYER_CERTIFICATES_CA_PATH), or else C(verify) of the configuration file, or else the
        trusted root certificates of the host.
    type: path
  retries:
    description:
      - Maximum number of times to repeat a failed API call, from 0 to 100. Only calls that read, and calls that the server did not process, are
        repeated.
    type: int
    default: 5
requirements:
  - SoftLayer >= 6.2.2
  - requests >= 2.28.1
  - urllib3 >= 1.26.12
"""
