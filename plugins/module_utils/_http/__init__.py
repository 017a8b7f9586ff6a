# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTTP client: timeouts, proxies, CA certificates, rate limits, retries, and cached downloads.

Start with `caller`. `faults` explains calls without a response.
"""
