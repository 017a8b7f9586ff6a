# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables and the plot, of results that are made up."""

from __future__ import annotations

from xml.etree import ElementTree

from tests.benchmark import growth, report
from tests.benchmark.figures import Result
from tests.benchmark.plot import bar_share, curves, decades, plot
from tests.benchmark.targets import TARGETS, judge
from tests.unit.benchmark.made_up import measurement, result

TITLES = {"list": {"sdk": "bare SDK", "ansible": "a <playbook>"}}
HEADINGS = {"list": "List & more"}


def results() -> list[Result]:
    per_order = [measurement(6, items=10, of=10_000, calls=20, bytes=30_000)]
    return [
        result(sdk=[1, 1.2], bare=[1, 1], module=[3, 3], ansible=[2.2, 2.5], per_order=per_order),
        result(axes={"transport": "rest"}, module=[1.5]),
    ]


def growing() -> list[Result]:
    """Two sizes, ten times the cost for ten times the orders."""
    found = [result(orders=100 * n, bare=[1], module=[2 * n], ansible=[1 + 3 * n]) for n in (1, 10)]
    found[-1].facts = {"growth": growth.of(found)}
    return found


def test_markdown_columns_line_up() -> None:
    assert report.markdown(("a", "bcd"), [("1234", "5")]) == "| a    | bcd |\n|------|-----|\n| 1234 | 5   |"


def test_rows_hold_medians_ratios_and_what_is_extrapolated() -> None:
    rows = {row[0]: dict(zip(report.COLUMNS, row, strict=True)) for row in report.rows_of(results()[0], TITLES["list"])}
    assert (rows["bare SDK"]["wall s"], rows["bare SDK"]["x SDK"]) == ("1.10", "")
    assert (rows["a <playbook>"]["wall s"], rows["a <playbook>"]["x SDK"]) == ("2.35", "2.14")
    assert (rows["a <playbook>"]["API calls"], rows["a <playbook>"]["peak MB"]) == ("21", "100")
    per_order = rows["per_order"]
    assert (per_order["wall s"], per_order["API calls"], per_order["MB"]) == ("5,001", "20,000", "30.0")
    assert per_order["note"] == "extrapolated from 10"


def test_text_has_every_case() -> None:
    text = report.as_text(results(), TITLES, HEADINGS)
    assert text.count("## List & more") == 1
    assert "10,000 orders, 0 ms, concurrency 8, XML-RPC:" in text
    assert "10,000 orders, 0 ms, concurrency 8, REST:" in text


def test_the_page_has_tables_targets_and_advice() -> None:
    verdicts = judge(TARGETS, results())
    page = report.as_rst(results(), verdicts, TITLES, HEADINGS, {"Python": "3.11"})
    assert ".. _ansible_collections.softlayer.certificates.docsite.guide_benchmark:" in page
    assert "* list of 10,000 orders at 0 ms: 3.00 s over XML-RPC, 1.50 s over REST" in page
    assert page.count(".. csv-table::") == 3
    glance = '   List & more,"10,000 orders, 0 ms, concurrency 8, XML-RPC",2.35 s,3.00 s,1.10 s,"per_order: 5,001 s*"\n'
    assert glance in page
    assert "\n   list: memory," in page
    assert page.endswith("Python 3.11.\n")


def test_growth_is_told_where_it_was_fitted() -> None:
    assert report.rows_of_growth(results(), TITLES, HEADINGS) == []
    case = "100 to 1,000 orders, 0 ms, concurrency 8, XML-RPC"
    playbook, module = report.rows_of_growth(growing(), TITLES, HEADINGS)
    assert playbook == ("List & more", case, "a <playbook>", "1.00", "1.00", "1.00", "1.00")
    assert module[2] == "module"
    assert "## How cost grows" in report.as_text(growing(), TITLES, HEADINGS)
    page = report.as_rst(growing(), [], TITLES, HEADINGS, {"Python": "3.11"})
    assert f'\n   List & more,"{case}",a <playbook>,1.00,1.00,1.00,1.00\n' in page
    assert "docs/benchmark_growth.svg" in page


def test_a_scenario_without_a_time_to_compare_is_not_at_a_glance() -> None:
    headings = {**HEADINGS, "page": "A page"}
    page = report.as_rst([*results(), result("page", page=[2])], [], {**TITLES, "page": {}}, headings, {})
    assert page.count("A page") == 1, "its own heading"


def test_verdicts_tell_what_was_not_measured() -> None:
    rows = report.rows_of_verdicts(judge(TARGETS, results()), TARGETS[:1])
    assert rows[-1][-1] == "not measured"
    assert {row[-1] for row in rows[:-1]} <= {"met", "NOT MET"}


def test_no_advice_without_both_transports() -> None:
    assert report.transport_advice(results()[:1]) is None


def test_the_plot_is_xml_and_has_a_bar_for_each_way() -> None:
    drawing = ElementTree.fromstring(plot(results()[:1], TITLES, HEADINGS))
    bars = drawing.findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 1 + 5, "a background, and a bar for each way"


def test_the_plot_of_growth_has_a_line_for_each_way_and_a_spot_for_each_size() -> None:
    drawing = ElementTree.fromstring(curves([*growing(), *results()[1:]], TITLES, HEADINGS))
    (panel,) = drawing.findall("{http://www.w3.org/2000/svg}g")
    lines = [path for path in panel.findall("{http://www.w3.org/2000/svg}path") if path.get("fill") == "none"]
    assert len(lines) == 3, "the playbook, the module and bare Ansible"
    assert len(panel.findall("{http://www.w3.org/2000/svg}circle")) == 2 * 3
    assert {"100", "1,000", "10", "a <playbook>"} <= {text.text for text in panel}


def test_the_plot_of_growth_may_have_nothing_to_show() -> None:
    pages = [result("page", orders=orders, page=[1]) for orders in (1_000, 10_000)]
    drawing = curves([*results()[:1], *pages], {**TITLES, "page": {}}, {**HEADINGS, "page": "A page"})
    assert len(ElementTree.fromstring(drawing)) == 1, "a background"


def test_axes_end_at_powers_of_ten() -> None:
    assert decades([0.3, 25]) == [0.1, 1, 10, 100]
    assert decades([100, 1_000]) == [100, 1_000]
    assert decades([1]) == [1, 10]


def test_bars_are_logarithmic() -> None:
    assert bar_share(1, 1, 100) == 0.1
    assert bar_share(10, 1, 100) == 0.55
    assert bar_share(100, 1, 100) == 1
    assert bar_share(1, 1, 1) == 1
