# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place that decides what can replace what: whoever chooses, switches, deletes, or reports asks here.

`can_replace` has the rule, `trust` has whom TLS clients trust at a time, with what is known to be revoked, and `index` finds the records of
the store to which the rule applies. `messages` has the sentences, also what to do about a chain that is not trusted. All of it is pure but
for `roots`, which reads the trusted root certificates. Begin with `can_replace`.
"""
