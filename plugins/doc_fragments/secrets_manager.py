# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options for an instance of IBM Cloud Secrets Manager; defined in C(module_utils/_secrets_manager/settings.py)."""

from __future__ import annotations


class ModuleDocFragment:
    """The options that specify an instance of Secrets Manager, and the library that calls its API."""

    DOCUMENTATION = r"""
options:
  instance_url:
    description:
      - URL of the Secrets Manager instance, such as V(https://INSTANCE-ID.us-south.secrets-manager.appdomain.cloud). The page I(Endpoints) of
        the instance shows its URL.
      - The URL of the private endpoint, which contains C(.private), uses the private network of IBM Cloud.
      - The default is the environment variable E(SOFTLAYER_CERTIFICATES_INSTANCE_URL).
      - Tokens are sent over plain HTTP only to a loopback address.
    type: str
  iam_url:
    description:
      - URL of the IAM service of IBM Cloud, which issues the access tokens.
      - The default is the environment variable E(SOFTLAYER_CERTIFICATES_IAM_URL), or else V(https://iam.cloud.ibm.com), or
        V(https://private.iam.cloud.ibm.com) if O(instance_url) is a private endpoint.
    type: str
requirements:
  - ibm-secrets-manager-sdk >= 2.1.13
"""
