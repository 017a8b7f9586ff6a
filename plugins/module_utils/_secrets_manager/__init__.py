# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IBM Cloud Secrets Manager: the client, and the module `secrets_manager_certificate`, which imports certificates.

`_rotation` reads the certificates of an instance with `read`. Begin with `run`, then `plan`; `messages` contains the messages.
"""
