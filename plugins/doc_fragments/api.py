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
      - Name of the API user.
      - The name V(apikey) says that O(api_key) is an IBM Cloud API key, which is sent with HTTP basic authentication.
      - Taken from the environment variable E(SL_USERNAME) if not given, then from the config file.
    type: str
  api_key:
    description:
      - The user's API key. It is never logged.
      - Taken from the environment variable E(SL_API_KEY) if not given, then from the config file.
    type: str
  endpoint_url:
    description:
      - URL of the API. One with V(/rest/) in its path is spoken to in REST, any other in XML-RPC.
      - Taken from the environment variable E(SL_ENDPOINT_URL) if not given, then from the config file, then the SDK's
        public XML-RPC endpoint V(https://api.softlayer.com/xmlrpc/v3.1/).
      - Credentials are never sent over plain C(http), except to this machine itself.
    type: str
  config_file:
    description:
      - Path of a config file in the format of the SoftLayer SDK, with C(username), C(api_key), C(endpoint_url), C(timeout), C(proxy) and
        C(verify) in its section C([softlayer]). What C(verify) says is for this collection's calls alone.
      - C(/etc/softlayer.conf) and C(~/.softlayer) are read in any case; this file's values go before theirs.
    type: path
  timeout:
    description:
      - Seconds that each call of the API may take as a whole, from the connection to the last byte of the answer. Only looking the
        host's name up is left to the system.
      - A call that takes longer had no answer; for what becomes of it see O(retries).
      - The config file's value goes before the default.
    type: float
    default: 60
  proxy:
    description:
      - URL of an HTTP proxy. Without it the environment's C(https_proxy) and C(no_proxy) count, then the config file.
      - It may hold a login, as in V(http://user:password@proxy.example.com:3128), in which all but letters and digits is
        percent-encoded. The password is shown nowhere.
    type: str
  validate_certs:
    description:
      - Whether to verify the API's TLS certificate. The config file's C(verify) goes before the default.
    type: bool
    default: true
  ca_path:
    description:
      - Path of a file with the CA certificates to verify the API's TLS certificate with, instead of the usual ones.
    type: path
  retries:
    description:
      - How often to call the API again, after growing pauses, when reading failed, when the API said that it did not process
        a call (rate limit), or when the call was not sent (connection refused, a proxy that makes no connection); V(0) to V(100).
      - What sends or creates something is never called again after an answer was lost. An answer is lost, too, where a proxy or a
        gateway answers in place of the API, or where a redirect does (HTTP 307 and 308 excepted, which say that nothing was done).
    type: int
    default: 5
requirements:
  - SoftLayer >= 6.2.2
  - requests >= 2.28.1
  - urllib3 >= 1.26.12
notes:
  - IBM ended the sale of new SSL orders on 2024-04-15 and their support on 2024-12-15. The certificate store is a separate service and lives on.
seealso:
  - name: SoftLayer API reference
    description: The services that this collection calls.
    link: https://sldn.softlayer.com/reference/services/SoftLayer_Security_Certificate_Request/
"""
