/*
Copyright (c) softlayer.certificates contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
*/

"use strict";

/* Cells know their column's heading, which cards show on narrow screens. What scrolls sideways can be reached by keyboard. */
window.addEventListener("load", () => {
  for (const table of document.querySelectorAll("table.docutils:not(.ansible-option-table)")) {
    const headings = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    for (const row of table.querySelectorAll("tbody tr")) {
      [...row.cells].forEach((cell, at) => headings[at] && cell.setAttribute("data-label", headings[at]));
    }
  }
  const reach = () => {
    for (const box of document.querySelectorAll(".wy-table-responsive, div.highlight pre")) {
      if (box.scrollWidth > box.clientWidth) {
        const heading = box.closest("section")?.querySelector("h1, h2, h3, h4")?.firstChild?.textContent || document.title;
        box.tabIndex = 0;
        box.setAttribute("role", "region");
        box.setAttribute("aria-label", heading);
      } else {
        ["tabindex", "role", "aria-label"].forEach((name) => box.removeAttribute(name));
      }
    }
  };
  reach();
  window.addEventListener("resize", reach);
});
