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
      - Use the name V(apikey) with an IBM Cloud API key in O(api_key). It is sent with HTTP basic authentication.
      - If not set, the environment variable E(SL_USERNAME) is used, then the config file.
    type: str
  api_key:
    description:
      - The user's API key. It is never logged.
      - If not set, the environment variable E(SL_API_KEY) is used, then the config file.
    type: str
  endpoint_url:
    description:
      - URL of the API. A URL with V(/rest/) in its path is called with REST, any other with XML-RPC.
      - If not set, the environment variable E(SL_ENDPOINT_URL) is used, then the config file, then the SDK's public XML-RPC endpoint
        V(https://api.softlayer.com/xmlrpc/v3.1/).
      - Credentials are never sent over plain C(http), except to loopback hosts.
    type: str
  transport:
    description:
      - How to call the endpoint. Both transports have the same methods and give the same results. For thousands of orders or certificates
        V(rest) is faster, as its responses are shorter and are read in a fraction of the time.
      - In the path of the endpoint, the part V(xmlrpc) or V(rest) becomes this word. With V(rest) and no other endpoint,
        V(https://api.softlayer.com/rest/v3.1/) is called. An endpoint without such a part in its path is refused.
      - If not set, the environment variable E(SOFTLAYER_CERTIFICATES_TRANSPORT) is used. If that is not set either, the endpoint is called
        as it is, see O(endpoint_url).
    type: str
    choices: [xmlrpc, rest]
  config_file:
    description:
      - Path of a config file in the format of the SoftLayer SDK. Its section C([softlayer]) may set C(username), C(api_key),
        C(endpoint_url), C(timeout), C(proxy) and C(verify). C(verify) applies only to the calls of this collection.
      - C(/etc/softlayer.conf) and C(~/.softlayer) are always read. The values of this file take precedence over theirs.
    type: path
  timeout:
    description:
      - Maximum number of seconds for a whole API call, from the connection to the last byte of the response. The DNS lookup does not count;
        the system limits it.
      - A call that takes longer counts as a call without a response, see O(retries).
      - A value in the config file takes precedence over the default.
    type: float
    default: 60
  proxy:
    description:
      - URL of an HTTP proxy. If not set, the environment variables C(https_proxy) and C(no_proxy) are used, then the config file.
      - It may contain a login, as in V(http://user:password@proxy.example.com:3128). Percent-encode all characters of the login except
        letters and digits. The password is never shown.
    type: str
  validate_certs:
    description:
      - Whether to verify the API's TLS certificate. C(verify) in the config file takes precedence over the default.
    type: bool
    default: true
  ca_path:
    description:
      - Path of a file with CA certificates. The API's TLS certificate is verified with these instead of the usual ones.
      - If not set, the environment variable E(SOFTLAYER_CERTIFICATES_CA_PATH) is used, then C(verify) in the config file.
      - Where none of them names a file, the roots are those of E(SSL_CERT_FILE), E(REQUESTS_CA_BUNDLE), E(CURL_CA_BUNDLE) or E(SSL_CERT_DIR),
        whichever is set first in this order, then those of this machine. All modules use the same for mail servers, and to tell which
        certificates are trusted.
    type: path
  retries:
    description:
      - How often to retry a call, after growing pauses, from V(0) to V(100). A call is retried if it only reads and failed, if the API
        reported with its own fault code that it did not process the call (rate limit), or if the call was not sent (connection refused, a
        proxy that does not connect).
      - A call that sends, creates, changes or deletes something is never retried after its response was lost. A response is also lost if a
        proxy or a gateway responds in place of the API, with HTTP 429 as with any other status, or if the response is a redirect.
    type: int
    default: 5
requirements:
  - SoftLayer >= 6.2.2
  - requests >= 2.28.1
  - urllib3 >= 1.26.12
notes:
  - IBM ended the sale of new SSL orders on 2024-04-15 and their support on 2024-12-15. The certificate store is a separate service and is
    still available.
seealso:
  - name: SoftLayer API reference
    description: The services that this collection calls.
    link: https://sldn.softlayer.com/reference/services/SoftLayer_Security_Certificate_Request/
"""
