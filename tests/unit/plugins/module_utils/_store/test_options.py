# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What belongs into the entries of several certificates."""

from __future__ import annotations

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._base.options import ArgumentSpec
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.settings import (
    build_secret_certificate_options,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._store.options import (
    build_import_options,
    check_item_options,
)

OF_EACH = {"state", "allow_expired", "verify_chain", "trust"}
"""What entries of `certificates` have with a default in both modules that take several."""


@pytest.mark.parametrize(
    ("spec", "own"),
    [(build_import_options(), {"remove_superseded"}), (build_secret_certificate_options(), {"secret_group", "force"})],
)
def test_what_belongs_into_the_entries_of_several_does_not_stand_beside_them(spec: ArgumentSpec, own: set[str]) -> None:
    names = OF_EACH | own
    with pytest.raises(CertificatesError) as refused:
        check_item_options(spec, {"certificates": []}, names | {"certificates", "timeout", "notes"})
    said = ", ".join(sorted(names))
    assert (
        refused.value.message
        == f"Cannot combine certificates with {said}. Set {said} in the items of certificates instead."
    )
    check_item_options(spec, {"certificates": []}, {"certificates", "timeout"})
    check_item_options(spec, {"certificates": None}, names)
