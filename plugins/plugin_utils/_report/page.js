/* Copyright (c) softlayer.certificates contributors
 * GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later */

// The page is complete without this script, which adds sorting and filtering to it.
(() => {
  "use strict";

  const find = (id) => document.getElementById(id);
  const table = find("rows");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const folds = body.querySelectorAll("details");
  const [search, state, shown, empty, rest] = ["search", "state", "shown", "empty", "rest"].map(find);
  const served = find("served"); // only where it is known what serves the certificates
  let limit = Number(body.dataset.limit); // so many rows are laid out at once; thousands would take seconds
  let kind = null; // of what needs a person

  // --- Filtering ---

  const plain = (text) => text.normalize("NFKC").replaceAll("\u00ad", "").toLowerCase();
  let texts = null; // made when first needed: it takes a while for thousands of rows

  // The first choice takes all rows, the second those that nothing serves, each other one those of a load balancer.
  function suits(row) {
    if (!served?.selectedIndex) {
      return true;
    }
    const places = row.dataset.served?.split("\n").filter(Boolean);
    if (served.selectedIndex === 1) {
      return places?.length === 0;
    }
    return Boolean(places?.some((place) => place.slice(0, place.lastIndexOf(":")) === served.value));
  }

  function clear() {
    [search.value, state.value, kind] = ["", "", null];
    if (served) {
      served.selectedIndex = 0;
    }
  }

  // Of names that are folded, the one that was looked for is told.
  function nameFound({ firstElementChild: summary, lastChild: names }, words) {
    summary.dataset.text ??= summary.textContent;
    const has = (name) => words.some((word) => plain(name).includes(word));
    const found = words.length > 0 && names.textContent.split(", ").find(has);
    summary.textContent = summary.dataset.text + (found ? `: ${found}` : "");
  }

  function filter() {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    if (words.length > 0) {
      texts ??= new Map(rows.map((row) => [row, plain(`${row.textContent} ${row.dataset.also ?? ""}`)]));
    }
    let count = 0;
    for (const row of rows) {
      const visible =
        (!state.value || row.dataset.state === state.value) &&
        suits(row) &&
        (!kind || (row.dataset.attention ?? "").split(" ").includes(kind)) &&
        words.every((word) => texts.get(row).includes(word));
      row.hidden = !visible;
      count += visible;
      row.classList.toggle("rest", visible && count > limit);
    }
    for (const fold of folds) {
      nameFound(fold, fold.closest("tr").hidden ? [] : words);
    }
    rest.hidden = count <= limit;
    rest.firstElementChild.textContent = rest.dataset.text.replace("{count}", count - limit);
    shown.textContent = shown.dataset.text.replace("{count}", count).replace("{total}", rows.length);
    empty.hidden = count > 0;
    for (const button of document.querySelectorAll("[aria-pressed]")) {
      const pressed = button.dataset.kind ? button.dataset.kind === kind : button.dataset.state === state.value;
      button.setAttribute("aria-pressed", String(pressed));
    }
  }

  function showTable(chosen) {
    if (chosen) {
      find("table").scrollIntoView();
    }
  }

  let timer;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(filter, 120);
  });
  state.addEventListener("change", filter);
  served?.addEventListener("change", filter);
  find("controls").addEventListener("submit", (event) => {
    event.preventDefault();
    filter();
  });
  find("reset").addEventListener("click", () => {
    clear();
    filter();
    search.focus();
  });

  rest.firstElementChild.addEventListener("click", () => {
    const next = rows.find((row) => row.classList.contains("rest"));
    limit = Infinity;
    filter();
    next.tabIndex = -1; // where the button was, so that the keyboard goes on from there
    next.focus({ preventScroll: true });
  });

  // A link to a row must lead to one that can be seen.
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".attention a[href^='#']");
    const row = link && find(link.hash.slice(1));
    if (row?.hidden || row?.classList.contains("rest")) {
      limit = Infinity;
      clear();
      filter();
    }
  });

  for (const tile of document.querySelectorAll(".tiles li")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = tile.firstElementChild.className;
    button.dataset.state = tile.dataset.state;
    button.setAttribute("aria-pressed", "false");
    button.append(...tile.firstElementChild.childNodes);
    button.addEventListener("click", () => {
      state.value = state.value === button.dataset.state ? "" : button.dataset.state;
      kind = null;
      filter();
      showTable(state.value);
    });
    tile.replaceChildren(button);
  }

  for (const button of document.querySelectorAll("button[data-kind]")) {
    button.setAttribute("aria-pressed", "false");
    button.hidden = false;
    button.addEventListener("click", () => {
      const chosen = kind === button.dataset.kind ? null : button.dataset.kind;
      clear();
      kind = chosen;
      filter();
      showTable(kind);
    });
  }

  // --- Sorting ---

  const { compare } = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const headings = Array.from(table.tHead.rows[0].cells);

  function value(row, column) {
    const text = row.cells[column].dataset.value ?? row.cells[column].textContent;
    return headings[column].className === "number" ? parseFloat(text) : text.trim();
  }

  const missing = (item) => item === "" || Number.isNaN(item);

  function sort(column) {
    const before = headings[column].getAttribute("aria-sort");
    const sign = before === "ascending" ? -1 : 1;
    const values = new Map(rows.map((row) => [row, value(row, column)]));
    rows.sort((one, other) => {
      const [left, right] = [values.get(one), values.get(other)];
      if (missing(left) || missing(right)) {
        return missing(left) - missing(right); // what is not known comes last either way
      }
      return sign * (typeof left === "number" ? left - right : compare(left, right));
    });
    body.append(...rows);
    filter();
    headings.forEach((heading) => heading.removeAttribute("aria-sort"));
    headings[column].setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
  }

  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sort(column));
    heading.append(button); // the text stays, for paper: no browser repeats buttons on each page
  });

  find("sortable").hidden = false;
  find("controls").hidden = false;
  filter();
  performance.mark("interactive");
})();
