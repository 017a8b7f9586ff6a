# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module `ssl_certificate_deploy`, and shows how far it is."""

from __future__ import annotations

from ansible_collections.softlayer.certificates.plugins.plugin_utils._once import OnceAction


class ActionModule(OnceAction):
    """Runs the module."""
