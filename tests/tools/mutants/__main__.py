# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which slips in the code that decides about harm do its pure tests notice?

Mutants are drawn at random, always the same ones for a seed; the tests of the changed file are run, then those of its folder
and of the rooms that use it.
What nobody notices is listed, and fails the run if it is more than one in twenty. `equivalent` has those that change nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import random
import resource
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.tools.mutants.changes import Mutant, mutants_of
from tests.tools.mutants.equivalent import changes_nothing

ROOT = Path(__file__).parents[3]
UTILS = Path("plugins/module_utils")
DECIDING = (
    *("_base/action.py", "_base/remedies.py", "_base/secrets.py"),
    *("_http/caller.py", "_http/faults.py", "_softlayer/client.py", "_softlayer/faults.py", "_softlayer/paging.py"),
    *("_x509/bundle.py", "_x509/chain.py", "_x509/crl.py"),
    *("_ledger/*.py", "_sources/*.py", "*/plan.py", "*/plan_*.py"),
    *("_replacement/can_replace.py", "_replacement/index.py", "_replacement/trust.py"),
    *("_probe/result.py", "_probe/revocation.py", "_store/apply.py", "_store/check.py"),
    *("_orders/imported.py", "_orders/run_request.py"),
    *(
        "_rotation/approved.py",
        "_rotation/attention.py",
        "_rotation/endpoints.py",
        "_rotation/switch.py",
        "_rotation/target.py",
        "_rotation/world.py",
    ),
)
"""The files that decide about harm."""
ALSO_TESTED_BY = {"_replacement": ("_rotation",)}
"""The rooms whose tests also notice mutants of a room, because its code is tested through them."""
NOT_PURE = {"postgresql", "dovecot", "linear", "floods"}
"""Words in the names of tests, fixtures and parameters that start servers or take long: they notice much, but late."""
SAMPLE, SEED = 600, 2029
WANTED = 0.95
LONGEST = 120
"""Seconds of CPU time after which a mutant counts as noticed, since it never ends; ten times as long if it only waits."""
BY_ITS_OWN, BY_OTHERS, SURVIVED = 101, 102, 103
"""What a child says by its exit code. Any other one, and a signal, are of a mutant that could not even be run to the end."""
PROFILE = "mutants"
"""That an example fails is enough: no smaller one is looked for, and none is kept for another mutant."""
WARM = (
    "cryptography.x509",
    "SoftLayer",
    "sqlalchemy.orm",
    "yaml",
    "jinja2",
    "requests",
    "ansible.module_utils.basic",
)


def main() -> int:
    """Draw, run, list."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=SAMPLE, help="how many; 0 for all")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("files", nargs="*", type=Path, help=f"below {UTILS}; those that decide about harm unless given")
    chosen = parser.parse_args()
    os.chdir(ROOT)
    files = [UTILS / file for file in chosen.files] or sorted({path for each in DECIDING for path in UTILS.glob(each)})
    every = [mutant for file in files for mutant in mutants_of(file)]
    real = [mutant for mutant in every if not changes_nothing(mutant.name)]
    sample = random.Random(chosen.seed).sample(real, min(chosen.sample or len(real), len(real)))
    sample.sort(key=lambda mutant: (mutant.path, mutant.line))
    print(f"{len(sample)} of {len(real)} mutants; {len(every) - len(real)} more change nothing.", flush=True)
    for name in WARM:
        importlib.import_module(name)
    gc.freeze()
    settings.register_profile(
        PROFILE,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        phases=[Phase.explicit, Phase.generate],
        database=None,
    )
    counts: Counter[int] = Counter()
    with TemporaryDirectory() as compiled:  # of what is not changed; nobody keeps a mutant
        sys.dont_write_bytecode, sys.pycache_prefix = False, compiled
        check_that_tests_pass(files)
        for mutant, fate in fates(sample, chosen.jobs):
            counts[fate] += 1
            if fate == SURVIVED:
                print(f"{mutant.path}:{mutant.line}: {mutant.name}", flush=True)
    survivors, own = counts[SURVIVED], counts[BY_ITS_OWN]
    noticed = 1 - survivors / len(sample)
    print(
        f"{len(sample)} mutants: {own} noticed by their file's tests, {len(sample) - own - survivors} otherwise, {survivors} by none"
    )
    print(f"noticed: {noticed:.1%}")
    return 0 if noticed >= WANTED else 1


def check_that_tests_pass(files: Sequence[Path]) -> None:
    """A test that fails anyway would notice everything."""
    folders = {tests_of(file)[1] for file in files}
    users = {folder.with_name(name) for folder in folders for name in ALSO_TESTED_BY.get(folder.name, ())}
    for folder in sorted(folders | users):
        child = os.fork()
        if not child:
            run_quietly()
            os._exit(0 if passes(folder) else 1)
        if os.waitpid(child, 0)[1]:
            sys.exit(f"the tests of {folder} fail without any change")


def fates(mutants: Sequence[Mutant], jobs: int) -> Iterator[tuple[Mutant, int]]:
    """Let each mutant live in a child of its own, some at once."""
    living: dict[int, Mutant] = {}
    waiting = iter(mutants)
    while True:
        while len(living) < jobs and (mutant := next(waiting, None)):
            child = os.fork()
            if not child:
                live(mutant)
            living[child] = mutant
        if not living:
            return
        ended, status = os.wait()
        yield living.pop(ended), os.waitstatus_to_exitcode(status)


def live(mutant: Mutant) -> None:
    """Be the mutant, and end with what became of it."""
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))
    signal.alarm(10 * LONGEST)
    run_quietly()
    whole = SourceFileLoader.get_code

    def changed(loader: SourceFileLoader, fullname: str) -> CodeType | None:
        path = Path(loader.path)
        return (
            compile(mutant.source, path, "exec") if path.resolve() == mutant.path.resolve() else whole(loader, fullname)
        )

    SourceFileLoader.get_code = changed  # type: ignore[method-assign]
    own, folder = tests_of(mutant.path)
    if own.exists() and not passes(own):
        os._exit(BY_ITS_OWN)
    users = [folder.with_name(name) for name in ALSO_TESTED_BY.get(folder.name, ())]
    survives = (own == folder or passes(folder, f"--ignore={own}")) and all(map(passes, users))
    os._exit(SURVIVED if survives else BY_OTHERS)


def tests_of(file: Path) -> tuple[Path, Path]:
    """The test file of a file's name, and the folder (for a file that is in none, itself) where others may notice."""
    folder = "tests" / Path("unit") / file.parent
    own = folder / f"test_{file.stem.lstrip('_')}.py"
    return own, own if file.parent == UTILS else folder


class OnlyPure:
    """Leaves out the tests that are not pure."""

    @staticmethod
    def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
        items[:] = [one for one in items if NOT_PURE.isdisjoint(words_of(one))]


def words_of(test: pytest.Function) -> Iterator[str]:
    """What a test is about. Only whole parameters count: there are URLs that begin with postgresql."""
    yield from (*f"{test.path.stem}_{test.originalname}".split("_"), *test.fixturenames)
    yield from test.callspec.id.split("-") if hasattr(test, "callspec") else ()


def passes(tests: Path, *others: str) -> bool:
    """Whether these tests pass, as far as they are pure."""
    options = f"-x -q -p no:cacheprovider -p no:randomly --hypothesis-seed=0 --hypothesis-profile={PROFILE}".split()
    return pytest.main([*options, *others, str(tests)], plugins=[OnlyPure()]) == pytest.ExitCode.OK


def run_quietly() -> None:
    """Say nothing: hundreds of reports of failures are of no use."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    with contextlib.suppress(OSError):
        os.setpgrp()


if __name__ == "__main__":
    sys.exit(main())
