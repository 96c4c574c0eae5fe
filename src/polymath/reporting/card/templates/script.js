"use strict";
// Everything is on the page without this script; it folds long lists, makes tabs, and shows the command behind a number.
(() => {
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const hint = document.getElementById("hint");

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // no permission, or a browser without it: the old way
      const field = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
  }

  function tell(command, more) {
    hint.replaceChildren(Object.assign(document.createElement("code"), { textContent: command }));
    hint.append(" ", Object.assign(document.createElement("span"), { textContent: more }));
    hint.hidden = false;
  }

  // The command behind a number: shown where one points or goes with the keyboard, copied by a click or Enter.
  const traced = (event) => event.target.closest?.("[data-trace]");
  for (const type of ["mouseover", "focusin"]) {
    document.addEventListener(type, (event) => {
      const command = traced(event)?.dataset.trace;
      if (command) tell(command, "click to copy"); else hint.hidden = true;
    });
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hint.hidden = true; });
  document.addEventListener("click", async (event) => {
    const from = traced(event);
    const button = event.target.closest?.("[data-copy]");
    if (from?.dataset.trace) {
      event.preventDefault();
      await copy(from.dataset.trace);
      tell(from.dataset.trace, "copied");
    } else if (button) {
      await copy(button.dataset.copy);
      button.textContent = "copied";
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    }
  });

  // Tables: one stop of the Tab key each, the arrows go from number to number.
  for (const table of $$("table[data-grid]")) {
    const cells = $$("td[data-trace]", table);
    if (!cells.length) continue;
    cells.forEach((cell, number) => { cell.tabIndex = number ? -1 : 0; });
    table.addEventListener("keydown", (event) => {
      const here = event.target.closest("td[data-trace]");
      if (!here) return;
      if (event.key === "Enter") return here.click();
      const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (!step) return;
      event.preventDefault();
      const rows = $$("tbody tr", table).filter((row) => !row.hidden);
      let [row, column] = [rows.indexOf(here.parentElement), here.cellIndex];
      for (;;) {
        [row, column] = [row + step[0], column + step[1]];
        const next = rows[row]?.cells[column];
        if (!next) return;
        if (next.dataset.trace) {
          here.tabIndex = -1;
          next.tabIndex = 0;
          return next.focus();
        }
      }
    });
  }

  // A text that is longer than its box scrolls, and what scrolls is reached with the keyboard.
  const scrolling = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollHeight > target.clientHeight + 1) target.tabIndex = 0; else target.removeAttribute("tabindex");
    }
  });
  $$(".record p").forEach((text) => scrolling.observe(text));

  // Long lists: the first so many, and a button for the others.
  for (const list of $$("[data-long]")) {
    const items = list.tBodies ? [...list.tBodies[0].rows] : [...list.children];
    const rest = items.slice(Number(list.dataset.long));
    if (rest.length < 2) continue;
    const fold = (folded) => rest.forEach((item) => { item.hidden = folded; });
    const button = Object.assign(document.createElement("button"), { type: "button", className: "more" });
    const label = () => { button.textContent = rest[0].hidden ? `Show ${rest.length.toLocaleString("en")} more ${list.dataset.what}` : "Show fewer"; };
    button.addEventListener("click", () => { fold(!rest[0].hidden); label(); });
    fold(true);
    label();
    (list.closest(".scroll") ?? list).after(button);
  }

  // Tabs: panels of one kind (tracks, tasks) change together wherever they stand.
  const groups = $$("[data-tabs]");
  function choose(kind, name) {
    for (const group of groups) {
      const panels = $$(":scope > .panel", group);
      if (group.dataset.tabs !== kind || !panels.some((panel) => panel.dataset.tab === name)) continue;
      panels.forEach((panel) => { panel.hidden = panel.dataset.tab !== name; });
      $$(":scope > [role=tablist] > [role=tab]", group).forEach((tab) => {
        const chosen = tab.dataset.name === name;
        tab.ariaSelected = String(chosen);
        tab.tabIndex = chosen ? 0 : -1;
      });
    }
  }
  groups.forEach((group, place) => {
    const panels = $$(":scope > .panel", group);
    if (panels.length < 2) return;
    const list = document.createElement("div");
    list.role = "tablist";
    list.ariaLabel = `Choose a ${group.dataset.tabs}`;
    panels.forEach((panel, number) => {
      const tab = Object.assign(document.createElement("button"), { type: "button", textContent: panel.dataset.tab, id: `tab-${place}-${number}` });
      panel.id = `panel-${place}-${number}`;
      panel.role = "tabpanel";
      panel.setAttribute("aria-labelledby", tab.id);
      tab.role = "tab";
      tab.dataset.name = panel.dataset.tab;
      tab.setAttribute("aria-controls", panel.id);
      tab.addEventListener("click", () => choose(group.dataset.tabs, tab.dataset.name));
      list.append(tab);
    });
    list.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const tabs = [...list.children];
      const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
      next.focus();
      next.click();
    });
    group.classList.add("tabbed");
    group.prepend(list);
    choose(group.dataset.tabs, panels[0].dataset.tab);
  });

  // Where the reader is.
  const links = new Map($$("nav a").map((link) => [link.hash.slice(1), link]));
  const here = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) {
      links.forEach((link, id) => { if (id === entry.target.id) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current"); });
    }
  }, { rootMargin: "-10% 0px -80% 0px" });
  links.forEach((_, id) => here.observe(document.getElementById(id)));
})();
