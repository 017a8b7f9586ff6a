# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IMAP server that other tests stand on shows what those say that nobody does."""

from __future__ import annotations

import imaplib
import ssl

from tests.support.dovecot import Mailbox

pytest_plugins = ["tests.support.dovecot"]


def test_who_reads_without_care_changes_flags(mailbox: Mailbox) -> None:
    mailbox.deliver(b"From: someone@mail.example\nSubject: Hello\n\nHow are you?\n")
    before = mailbox.flags()
    options = mailbox.options()
    context = ssl.create_default_context(cafile=options["ca_path"])
    with imaplib.IMAP4_SSL(options["host"], options["port"], ssl_context=context, timeout=20) as connection:
        connection.login(options["username"], options["password"])
        connection.select()
        connection.fetch("1", "(BODY[])")
    assert mailbox.flags() == [f"{before[0].replace('new/', 'cur/')}:2,S"]
