# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mutants that do what the code does, and why."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {
    **dict.fromkeys(
        (
            "caller.Caller.call_until_done: raise AssertionError('unreachable') => pass",
            "caller.Caller.call_until_done: 'unreachable' => ''",
        ),
        "The loop before it always ends by returning or raising.",
    ),
    "client.Client.call.call_once: attempt.answer is not None and attempt.answer.status >= 300 => attempt.answer.status >= 300": (
        "There is no result without an answer."
    ),
    **dict.fromkeys(
        (
            "paging.number_rows: -int(hashlib.sha256(f'{met[text]} {text}'.encode()).hexdigest()[:15], 16) - 1"
            " => -int(hashlib.sha256(f'{met[text]} {text}'.encode()).hexdigest()[:15], 16) + 1",
            "paging.number_rows: 1 => 2",
            "paging.number_rows: 15 => 16",
            "paging.number_rows: 16 => 17",
            "paging.number_rows: 1 => 2 (2)",
        ),
        "Any negative number will do, as long as others get another one.",
    ),
    "paging.list_all: 0 => 1 (2)": "There is at least one more than were handed out.",
    "paging._read_remaining_pages: 0 => 1 (3)": "Pages of a single row are read one after the other.",
    "paging._read_remaining_pages: 0 => 1 (6)": "Further pages are asked for where more than one row is counted.",
    "paging._read_remaining_pages: ends and fruitless <= 1 => fruitless <= 1": "Nothing is asked for where nothing is left.",
    "lock.Lock.check: self._changed.notify_all() => pass": "The keeper looks by itself, only later.",
    "faults.parse_fault: text.startswith(b'<') and b'<fault>' in text => text.startswith(b'<')": "All of it is parsed then, which takes longer.",
    **dict.fromkeys(
        (
            "paging._has_known_row: 0 => 1",
            "paging._list_ids: 0 => 1",
            "paging._list_ids: identifier >= 0 => identifier > 0",
        ),
        "Nothing has the id 0.",
    ),
    **dict.fromkeys(
        (
            "paging._read_remaining_pages: 'incomplete' => ''",
            "paging._read_remaining_pages: 'incomplete' => '' (3)",
            "paging._read_until_empty: 'incomplete' => ''",
            "paging._read_until_empty: 'incomplete' => '' (2)",
            "paging._read_until_empty: 'incomplete' => '' (3)",
            "paging._read_until_empty: 'incomplete' => '' (4)",
            "paging._read_until_empty: return 'incomplete' => return None",
            "paging._read_until_empty: return 'incomplete' => return None (2)",
        ),
        "Whoever asks there only knows the other two words.",
    ),
    "database._make_tables: sa.Column('id', sa.BigInteger().with_variant(sa.Integer, 'sqlite'), primary_key=True,"
    " autoincrement=True) => sa.Column('id', sa.BigInteger().with_variant(sa.Integer, 'sqlite'), primary_key=True)": (
        "A single key of integers counts up in any case."
    ),
    "database.Database._prepare_file: 384 => 385": "The mode is set again on the open file.",
    **dict.fromkeys(
        ("apply.Creator._create_claimed.keep_claim: 'taken' => ''", "crl._make_damage_error: 'invalid_pem' => ''"),
        "It is caught where it is raised, by its class.",
    ),
    "plan_import.ImportAction.resulting_record: self.record and CHAIN in self.changes => CHAIN in self.changes": "What changes is a record.",
    "plan_adopt._why_blocked: old and lost and old.identities.issubset(lost) and is_promising(current, world.view)"
    " => lost and old.identities.issubset(lost) and is_promising(current, world.view)": "What is lost was there.",
    "plan_deploy.keep_unchanged: action.target and action.outcome == 'switched' => action.outcome == 'switched'": "What is switched has a target.",
    "plan_import.drop_replaced: begin is None or all((certificate_of(other).not_before < begin for other in newer))"
    " => all((certificate_of(other).not_before < begin for other in newer))": "Without a beginning nothing is newer.",
    **dict.fromkeys(
        (
            "switch.Switcher.__call__: ThreadPoolExecutor(max_workers=1) => ThreadPoolExecutor()",
            "switch.Switcher.__call__: 1 => 2",
        ),
        "It is given one thing to do.",
    ),
    "switch.Switcher._verify: 'switched' => ''": "Whoever switches looks whether it failed; who asked for it gives another outcome.",
    "caller.Caller._can_repeat: return False => pass": "Who was turned away is refused before the next attempt, too.",
    "paging.list_all: identifier > max(before) => identifier >= max(before)": "It is none of the known ones.",
    "bundle.read_bundle: kind == 'any' and is_der(data) => kind == 'any'": "Only DER and what is labelled so has certificates.",
    "database._make_tables.UtcDateTime: True => False (2)": "Only what is remembered of statements, which takes less time.",
    **dict.fromkeys(
        ("ledger.Ledger._claim: 1 => 2 (2)", "ledger.Ledger._claim: 1 => 2 (3)"),
        "Only the order of the numbers counts.",
    ),
    "ledger.Ledger._claim: 1 => 2": "Where every entry forbids another one, all before the last are released.",
    "index.StoreIndex._records_by_rarest_name: min(certificate_of(record).identities, key=self._rank_rarity)"
    " => min(certificate_of(record).identities)": "The rarest name is only the one with the least to look through.",
    "index.StoreIndex.find_by_key: public_key_sha256 or '' => public_key_sha256": "No key has no name, in either spelling.",
    "can_replace.select_best_copies: rival is not copy and rank(copy) > rank(rival) => rank(copy) > rank(rival)": (
        "Nothing is better than itself, which takes longer to see."
    ),
    "attention._is_renewed_in_time: begin and view.at < begin <= end - MIN_OVERLAP and can_supersede(other, record,"
    " view.move_to(begin)) => view.at < begin <= end - MIN_OVERLAP and can_supersede(other, record, view.move_to(begin))": (
        "What has names has a beginning."
    ),
    "can_replace.has_better_chain: new.certificate != old.certificate or new.intermediates == old.intermediates"
    " => new.certificate != old.certificate": "No chain has more than itself, which takes longer to see.",
    "chain.evaluate_sent_chain: 'trusted' => ''": "OpenSSL is asked the same once more, which takes longer.",
    "database.Database._check_tables: 1 => 2": "Only the first row is told.",
    "revocation.RevocationClient._read_lists: kept.age < MAX_CACHE_AGE => kept.age <= MAX_CACHE_AGE": "One moment of hours.",
    "revocation.RevocationClient._read_lists: isinstance(data, bytes) and (not reading.obstacle) and (not (before and before.issued_at >"
    " reading.issued_at)) => not reading.obstacle and (not (before and before.issued_at > reading.issued_at))": (
        "What is no list is the reason why there is none."
    ),
    "revocation.RevocationClient._read_lists: before is None and reading.obstacle => before is None": "There is one, unless what was got can be used.",
    "plan_import.list_warnings: end and certificate_of(old.record).not_after > end => certificate_of(old.record).not_after > end": (
        "Only a certificate takes the place of others."
    ),
    "trust.TrustView.build_signed_chain: begin <= end and (not begin <= when <= end) => not begin <= when <= end": (
        "What was never valid all at once is trusted at no instant, which takes longer to see."
    ),
    "imported.select_with_state: state and bool(state.own_records) is selection.imported => bool(state.own_records) is selection.imported": (
        "Who asks what is imported has read the store."
    ),
    **dict.fromkeys(
        ("traefik._parse_storage: 'malformed' => ''", "traefik._parse_storage: 'malformed' => '' (2)"),
        "Whatever else is wrong with a file is malformed.",
    ),
    **dict.fromkeys(
        (
            "chain.Chains._verify: self._checks > MAX_CHECKS => self._checks >= MAX_CHECKS",
            "chain.Chains._is_signed: self._checks <= MAX_CHECKS => self._checks < MAX_CHECKS",
        ),
        "One check of thousands.",
    ),
    "place.parse_mounts: 4 => 5": "Each line has more.",
    "plan_deploy._plan_listener: 0 => 1": "Of what is not there, nobody asks for the number.",
    "trust.TrustView.build_signed_chain: begin <= end => begin < end": "One instant of years.",
    "chain.Chains._find_paths: len(path) < MAX_CHAIN_LENGTH and (not last.is_root) => len(path) < MAX_CHAIN_LENGTH": "A root is signed by nobody else.",
    "plan_adopt._plan_listener: not action.is_changed or action.target is None => not action.is_changed": "What is changed has a target.",
    "plan_request.skip_stored_email: record.not_after or view.at => record.not_after": "What is newer has an end.",
    "trust.TrustView.build_signed_chain: begin <= end and (not begin <= when <= end) => begin <= end": "At the same instant, it builds the same chain again.",
    "plan_deploy.find_rejected: 0 => 1 (3)": "What is stored comes before what is not, anyway.",
    "attention.find_attention_items: record and record.certificate => record": "Nothing that is held back is a certificate that cannot be read.",
    "plan_import.ImportAction.as_diff: self.record and 'notes' in self.changes => 'notes' in self.changes": "What changes is a record.",
    "plan_import.check_bundle: view.record_chain(content.certificate, t.cast(Chain, content.chain)) => pass": "It is built again, which takes longer.",
    **dict.fromkeys(
        ("client.Client.call.call_once: 'error' => ''", "client.Client.call.call_once: 'status' => ''"),
        "What is said of an answer is read in the answer.",
    ),
    "client.Client._fetch_page: 0 => 1": "A list of the SDK says how many there are.",
    "attention._why_undeployed: not listener.is_managed and listener.target and listener.target.certificate"
    " => not listener.is_managed and listener.target.certificate": "What an endpoint serves is its target.",
    "run_request.Requester._request: error and is_outcome_unknown => is_outcome_unknown": "Only an error leaves it unknown.",
    "run_request.plan: index or StoreIndex(fetch_for_orders(client, STORE_ADVICE))"
    " => StoreIndex(fetch_for_orders(client, STORE_ADVICE))": "It is read once more, which takes longer.",
    "plan_collect.why_unmatched: certificate.not_after < at => certificate.not_after <= at": "What ends at this moment is valid.",
    "paging._read_until_empty: 0 => 1 (2)": "It looks behind the end one page sooner.",
    "plan_collect.why_missing: invalid.not_after < at => invalid.not_after <= at": "What ends at this moment is valid.",
}
"""Why a mutant changes nothing, by its name."""

SHOWN = {
    *("crl.Crl", "plan.SecretAction", "plan_deploy.ListenerAction", "plan_import.ImportAction"),
    *("plan_import.SupersededCertificate", "source.SourceResult", "target.Target"),
}
"""Classes with fields that are left out of `repr` because they are long: they are public, or hide their key themselves."""


def changes_nothing(name: str) -> bool:
    """Whether a mutant does what the code does."""
    owner, _, change = name.partition(": ")
    before, _, after = change.partition(" => ")
    return name in EQUIVALENT or (owner in SHOWN and "repr=False" in before and "repr=False" not in after)
