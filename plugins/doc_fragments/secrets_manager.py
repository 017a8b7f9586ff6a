# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which instance of IBM Cloud Secrets Manager is meant; defined in C(module_utils/_secrets_manager/settings.py)."""

from __future__ import annotations


class ModuleDocFragment:
    """The options that name an instance of Secrets Manager, and what is needed to call it."""

    DOCUMENTATION = r"""
options:
  instance_url:
    description:
      - Endpoint of the instance of Secrets Manager, as on its page Endpoints, such as
        V(https://INSTANCE-ID.us-south.secrets-manager.appdomain.cloud). With C(.private) in it, it is reached by IBM Cloud's private
        network.
      - If not set, the environment variable E(SOFTLAYER_CERTIFICATES_INSTANCE_URL) is used.
      - Tokens are never sent over plain C(http), except to loopback hosts.
    type: str
  iam_url:
    description:
      - URL of IBM Cloud's login (IAM). The default is V(https://iam.cloud.ibm.com), for an instance on the private network
        V(https://private.iam.cloud.ibm.com).
      - If not set, the environment variable E(SOFTLAYER_CERTIFICATES_IAM_URL) is used.
    type: str
requirements:
  - ibm-secrets-manager-sdk >= 2.1.13
"""
