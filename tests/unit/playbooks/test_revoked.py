# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate that its authority has revoked, through the playbook verify: last sentence and metrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulator.client import Simulator
from tests.support.balanced import account, balanced, balancer, put, run
from tests.support.certificates import new_key, pem_of
from tests.support.revoking import Revoking, publishing

__all__ = ["account", "balanced"]

PORT = 8443
NAME = "www.example.com"
SERIES = f'softlayer_certificates_revoked{{load_balancer="web",name="{NAME}",port="{PORT}"}}'


@pytest.mark.parametrize("off", ["off", False])
def test_a_revoked_certificate_is_seen(account: Simulator, tmp_path: Path, off: object) -> None:
    """YAML takes off for false, and so may AWX."""
    with publishing() as publisher:
        authority = Revoking(f"{publisher.url}/1.crl")
        issued = authority.leaf(NAME, key=new_key("rsa"))
        publisher.publish(authority.published(issued.certificate))
        balancer(account, "web", **{f"p{PORT}": put(account, issued)})
        (tmp_path / "own.pem").write_text(pem_of([authority.root]), encoding="ascii")
        given = {
            "ssl_rotation_trusted_ca_path": str(tmp_path / "own.pem"),
            "ssl_rotation_fail_on": ["revoked"],
            "ssl_rotation_metrics_path": str(tmp_path / "certificates.prom"),
        }
        night = run(account, tmp_path, "verify", **given)
        assert (
            night.ran.code != 0 and f"web:{PORT} ({NAME}): revoked: The certificate was revoked at" in night.ran.output
        )
        assert f"{SERIES} 1.0" in (tmp_path / "certificates.prom").read_text()
        asked = len(publisher.asked)
        quiet = run(account, tmp_path, "verify", ssl_rotation_check_revocation=off, **given)
        assert quiet.ran.code == 0 and len(publisher.asked) == asked, quiet.ran.output
        assert SERIES not in (tmp_path / "certificates.prom").read_text()
