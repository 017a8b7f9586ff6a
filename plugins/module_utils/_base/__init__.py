# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The basis of all rooms: options, errors, the codes of results, names, times, text, files, secrets, pauses, the commands that messages name,
and how a module starts and ends.

Any room may import any file of it; it imports no other room. Begin with `module`, then `errors` and `action`.
"""
