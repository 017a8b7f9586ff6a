# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python libraries that filters need. Private to softlayer.certificates."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._libraries import (
    FOR_CERTIFICATES,
    require_libraries,
)


def require(who: str, names: tuple[str, ...] = FOR_CERTIFICATES) -> None:
    """Refuse to begin if a library is missing or too old.

    Args:
        who: what needs it, as the beginning of a sentence: `The filter key_matches`.
        names: the libraries, by default those that read certificates.

    Raises:
        AnsibleFilterError: says which library, and how to install it.
    """
    try:
        require_libraries(names, who, "on the controller")
    except CertificatesError as error:
        raise AnsibleFilterError(error.message) from None
