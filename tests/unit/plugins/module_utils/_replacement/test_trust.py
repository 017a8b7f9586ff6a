# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whom TLS clients trust: by the roots, the chain that is sent, and what is remembered of both."""

from __future__ import annotations

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.trust import TrustView
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import certificate_of
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Anchors, Chains

from tests.support.certificates import NOW, name_of, new_key, pem_of
from tests.support.certificates import certificate_of as signed
from tests.support.stored import CHAINS, TRUSTED, Made, view_with


@pytest.mark.parametrize(("order", "expected"), [((0, 1), True), ((1, 0), False)])
def test_of_two_certificates_of_one_authority_clients_take_the_first(order: tuple[int, int], expected: bool) -> None:
    """Though the other one leads to a root that they trust."""
    issued = Made().issued
    cross = signed(TRUSTED.issuer.subject, name_of("Nobody"), TRUSTED.key, new_key(), ca=True)
    pile = [issued.chain[0], cross]
    chain = [*(pile[number] for number in order), *issued.chain[1:]]
    record = Made().record(1, intermediateCertificate=pem_of(chain))
    assert view_with().is_trusted(record) is view_with().is_accepted(record) is expected


@pytest.mark.parametrize("by", ["trusted", "own", "itself"])
@pytest.mark.parametrize("chain", CHAINS)
def test_a_chain_that_is_remembered_is_the_one_that_would_be_built(chain: str, by: str) -> None:
    """Whatever it was built of."""
    record = Made(by=by, chain=chain).record()
    leaf, asks = certificate_of(record), list[str]()

    def anchors() -> Anchors:
        asks.append(chain)
        return Anchors([Certificate.from_library(TRUSTED.root)])

    view, others = TrustView(anchors, NOW), TrustView(anchors, NOW)
    built = Chains(record.intermediates, anchors(), NOW).build(leaf)
    view.record_chain(leaf, built)
    asks.clear()
    remembered = view.build_chain(leaf, built.issuers)
    assert bool(asks) == (built.trust != "trusted"), "only what is trusted is remembered"
    fresh = others.build_chain(leaf, built.issuers)
    assert (remembered, remembered.path) == (fresh, fresh.path)


def test_a_chain_that_leads_to_a_named_issuer_is_not_remembered() -> None:
    """A client ends at that, whatever is sent above it."""
    record = Made().record()
    view = TrustView(lambda: Anchors(record.intermediates), NOW)
    view.record_chain(
        certificate_of(record), Chains(record.intermediates, view.anchors(), NOW).build(certificate_of(record))
    )
    assert view._chains == {}
