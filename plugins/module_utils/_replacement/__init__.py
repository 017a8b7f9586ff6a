# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place that decides whether a certificate can replace another one. All rooms use this rule.

Begin with `can_replace`, which has the rule. `trust` evaluates the trust of TLS clients at a time, with known revocations, and `index` finds
the records of the store to compare. `messages` has the sentences, also the remedies for untrusted chains. All files are pure except `roots`,
which reads the trusted root certificates.
"""
