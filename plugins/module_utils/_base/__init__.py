# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The basis of all rooms: options, errors, codes of results, names, times, text, files, secrets, pauses, commands in messages, and the start
and end of a module.

Any room may import any file of `_base`; `_base` imports no other room. Begin with `module`, then `errors` and `action`.
"""
