# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The output that pages show is what their commands print.

The commands are those of the pages. A line or a part of one that a page leaves out is `...` there. Compared is all but white space, which pages
use to wrap lines, and what `as_on_pages` says.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.simulator.client import Simulator
from tests.simulator.orders import PENDING
from tests.support.balanced import have, put
from tests.support.certificates import NOW, Authority, new_key, pem_of
from tests.support.client_trees import certbot
from tests.support.pages import GUIDES, READMES, ROOT, blocks_below, page_of_file
from tests.support.playing import type_commands

pytestmark = [pytest.mark.later, pytest.mark.xdist_group("outputs")]

LANGUAGE = "text"
"""Of blocks that show what is printed."""
NOTHING_PRINTED = Counter({"guide_awx.rst": 1})
"""Other blocks in that language: a picture."""
README, GUIDE = ROOT / "README.md", ROOT / "docs/docsite/rst"
ACME, ORDERS = GUIDE / "guide_lets_encrypt.rst", GUIDE / "guide_request_email.rst"
ORDERS_DE = GUIDE / "guide_request_email_de.rst"
ACCOUNT, LEAVING = GUIDE / "guide_check_account.rst", GUIDE / "guide_leaving_classic.rst"
FIRST, NIGHT = "Deploy the first certificate", "Schedule the rotation"
MANY, LISTENERS = "Request many emails, and import the certificates", "Listener, certificate, CRN"
CHECK = "Check an account before you trust it"

CALLBACK = "export ANSIBLE_STDOUT_CALLBACK=softlayer.certificates.summary"
AUTHORITY = Authority("Example CA")
WWW, SHOP, MAIL = "www.example.com", "shop.example.com", "mail.example.com"
PORT = 8443
"""That of listeners here, in place of 443, which takes privileges."""


def block(page: Path, heading: str, language: str, number: int = -1) -> str:
    """One of the blocks below a heading."""
    return blocks_below(page, heading, language)[number]


def as_on_pages(printed: str, root: Path | str = "") -> str:
    """What is printed, or shown on a page, less what differs from run to run: the only place that knows of that."""
    for pattern, replacement in (
        (re.escape(str(root)), ""),
        (rf":{PORT}\b", ":443"),
        (r"\b127(\.\d+){3}\b|[\w-]+\.lb\.bluemix\.net", "ADDRESS"),
        (r"\b\d{4}-\d\d-\d\d(T[\d:]{8}Z)?", "DATE"),
        (r"\b\d{6}\b", "ID"),
        (r"\s+", " "),
    ):
        printed = re.sub(pattern, replacement, printed)
    return printed.strip()


def last_command(page: Path, heading: str, number: int = -1) -> str:
    """The last line of a block of commands, which is the one that acts."""
    return block(page, heading, "console", number).splitlines()[-1]


class Reader:
    """Somebody with an account, certbot, and a folder in place of the machine's root folder, who does what pages say."""

    def __init__(self, sim: Simulator, root: Path, *trusted: Authority) -> None:
        sim.reset()
        self.sim, self.root, self._roots = sim, root, root / "roots.pem"
        roots = sim.authority_root.read_text(encoding="ascii") + pem_of([one.root for one in trusted])
        self._roots.write_text(roots, encoding="ascii")
        (root / "var/lib/softlayer-certificates").mkdir(parents=True)

    def here(self, text: str) -> str:
        """What a page says, with what there is in place of what it names."""
        return re.sub(r"(?<![\w.~/])/(?=(etc|root|var)/)", f"{self.root}/", text).replace(":443", f":{PORT}")

    def save(self, name: str, text: str) -> None:
        """Save a file that a page shows."""
        path = self.root / name.lstrip("/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(self.here(text), encoding="utf-8")

    def serves(self, name: str, days: tuple[float, float], balancer: str, organization: str | None = None) -> None:
        """Have a load balancer serve a certificate that has so many days behind it and left."""
        issued = AUTHORITY.issue(name, names=[name], key=new_key("rsa"), days=days, organization=organization)
        listener = {"protocolPort": PORT, "tlsCertificateId": put(self.sim, issued)}
        self.sim.add_balancer(name=balancer, listeners=[listener])

    def renews(self, name: str, days: tuple[float, float], version: int = 1, kind: str = "rsa") -> None:
        """Have certbot keep a certificate."""
        certbot(
            self.root / "etc/letsencrypt",
            name,
            AUTHORITY.issue(name, names=[name], key=new_key(kind), days=days),
            version,
        )

    def types(self, command: str, code: int = 0, *, warnings: bool = True) -> str:
        """Run a command; what it prints, with or without warnings."""
        environment = {
            "SSL_CERT_FILE": str(self._roots),
            "IBMCLOUD_API_KEY": self.sim.api_key,
            "SOFTLAYER_CERTIFICATES_IAM_URL": self.sim.secrets_manager.iam_url,
            "SOFTLAYER_CERTIFICATES_INSTANCE_URL": self.sim.secrets_manager.instance_url,
            "ANSIBLE_PIPELINING": "true",
        }
        done = type_commands(self.sim, self.root, self.here(command), code, **environment)
        return done.stdout + (done.stderr if warnings else "")

    def plays(self, command: str) -> str:
        """Run a playbook; what it prints with the callback that pages recommend."""
        return self.types(f"{CALLBACK}\n{command}", warnings=False)

    def previews_and_plays(self, page: Path, heading: str, number: int = -1) -> str:
        """Run the last two commands of a block, of which the first changes nothing; what the second one prints."""
        preview, command = block(page, heading, "console", number).splitlines()[-2:]
        assert preview == f"{command} --check"
        before = have(self.sim), self.sim.certificates(), self.sim.sends()
        self.plays(preview)
        assert (have(self.sim), self.sim.certificates(), self.sim.sends()) == before
        return self.plays(command)


def rotations(reader: Reader) -> dict[str, str]:
    """The first certificate of a name, a night without anything to do, one with a renewal, and a red one."""
    reader.serves(WWW, (-275.5, 89.5), "prod-web", organization="Example Ltd")
    reader.renews(WWW, (-4.5, 59.5))
    printed = {"adopt": reader.previews_and_plays(README, FIRST)}

    reader.save("rotation.yml", block(ACME, NIGHT, "yaml"))
    printed["nothing"] = reader.plays(last_command(README, NIGHT))

    reader.serves(SHOP, (-61.5, 28.5), "shop")
    reader.renews(WWW, (-0.5, 89.5), version=2)
    reader.save("rotation.yml", block(README, NIGHT, "yaml"))
    printed["renewed"] = reader.previews_and_plays(README, NIGHT)

    reader.serves(MAIL, (-84.5, 5.5), "mail")
    reader.renews(SHOP, (-4.5, 85.5), kind="ec")  # held back for more than three days
    reader.save("root/rotation.yml", block(ACME, NIGHT, "yaml"))
    return printed | {"red": reader.types(block(ACME, NIGHT, "bash"), code=2)}


def fulfillment(reader: Reader) -> dict[str, str]:
    """Two orders whose emails can be requested, and one that is pending; the emails are in a folder in place of a mail server."""
    end = NOW + timedelta(days=200)
    dates = {"effectiveDate": (end - timedelta(days=365)).isoformat(), "expirationDate": end.isoformat()}
    for name, status in {SHOP: {}, MAIL: {}, "intranet.example.com": {"status": PENDING}}.items():
        reader.sim.add_order(commonName=name, approverEmailAddress="hostmaster@example.com", **dates, **status)
    shutil.copytree(reader.sim.keys_dir, reader.root / "keys")
    given = yaml.safe_load(block(ORDERS, MANY, "yaml", 0)) | {
        "ssl_fulfillment_mail": {"maildir": str(reader.sim.maildir)}
    }
    reader.save("vars.yml", yaml.safe_dump(given))
    return {"fulfill": reader.previews_and_plays(ORDERS, MANY, 0)}


def account(reader: Reader) -> dict[str, str]:
    """What is found out about an account."""
    return {"check": reader.plays(last_command(ACCOUNT, CHECK))}


def leaving(reader: Reader) -> dict[str, str]:
    """The file that a playbook writes."""
    reader.serves(WWW, (-275.5, 89.5), "prod-web")
    reader.save("leaving-classic.yml", block(LEAVING, LISTENERS, "yaml"))
    reader.types(last_command(LEAVING, LISTENERS))
    return {"table": (reader.root / "listeners.csv").read_text(encoding="utf-8")}


Run = Callable[[Reader], dict[str, str]]
SHOWN: list[tuple[Path, str, Run, str]] = [
    (README, FIRST, rotations, "adopt"),
    (ACME, FIRST, rotations, "adopt"),
    (ACME, NIGHT, rotations, "nothing"),
    (README, NIGHT, rotations, "renewed"),
    (ACME, "When a run fails", rotations, "red"),
    (ORDERS, MANY, fulfillment, "fulfill"),
    (ORDERS_DE, "Viele auf einmal, und importieren, was kommt", fulfillment, "fulfill"),
    (ACCOUNT, CHECK, account, "check"),
    (LEAVING, LISTENERS, leaving, "table"),
]
"""Each block with output: its page and heading, the run that makes it, and what that calls it."""


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """An account whose load balancers serve."""
    with Simulator.start(fleet="empty", serve=True) as started:
        yield started


@pytest.fixture(scope="module")
def printed(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Run], dict[str, str]]:
    """Do a run, once for all blocks that show it, and return what was printed, as pages show it."""

    @cache
    def done(run: Run) -> dict[str, str]:
        reader = Reader(simulator, tmp_path_factory.mktemp(run.__name__), AUTHORITY)
        return {name: as_on_pages(text, reader.root) for name, text in run(reader).items()}

    return done


@pytest.mark.parametrize(
    ("page", "heading", "run", "name"), SHOWN, ids=[f"{page.stem}-{name}" for page, _heading, _run, name in SHOWN]
)
def test_a_page_shows_what_is_printed(
    page: Path, heading: str, run: Run, name: str, printed: Callable[[Run], dict[str, str]]
) -> None:
    [shown] = blocks_below(page, heading, LANGUAGE)
    pattern = re.escape(as_on_pages(shown)).replace(re.escape("..."), ".*")
    assert re.fullmatch(pattern, printed(run)[name]), f"{shown}\n\n{printed(run)[name]}"


def test_each_block_with_output_is_compared() -> None:
    shown = Counter(
        path.name for path in (*READMES, *GUIDES) for one in page_of_file(path).blocks if one.language == LANGUAGE
    )
    assert shown == Counter(page.name for page, *_others in SHOWN) + NOTHING_PRINTED


def test_staging_certificates_need_the_root_that_the_page_says(simulator: Simulator, tmp_path: Path) -> None:
    """On a machine that does not trust the root of what certbot has."""
    [option] = re.findall(r"``(-e ssl_rotation_trusted_ca_path=\S+)``", ACME.read_text(encoding="utf-8"))
    reader = Reader(simulator, tmp_path)
    reader.serves(WWW, (-275.5, 89.5), "prod-web", organization="Example Ltd")
    reader.renews(WWW, (-4.5, 59.5))
    assert "Cannot use " in reader.types(last_command(ACME, FIRST), code=2)
    reader.save(option.partition("=")[2], pem_of([AUTHORITY.root]))
    reader.plays(f"{last_command(ACME, FIRST)} {option}")
