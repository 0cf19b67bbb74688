"use strict";
// Sorts and filters tables, and lights up the two ends of a span. The page reads well without it.
(() => {
  const asked = new URLSearchParams(location.hash.slice(1));
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  const value = (row, column) => {
    const cell = row.cells[column], text = cell.textContent.trim();
    return cell.classList.contains("n") ? Number(text.replace(/[^\d.-]/g, "")) : text.toLowerCase();
  };
  const sort = (head, down) => {
    const body = head.closest("table").tBodies[0], sign = down ? -1 : 1;
    const keyed = [...body.rows].map((row) => [value(row, head.cellIndex), row]);
    keyed.sort(([a], [b]) => sign * (a < b ? -1 : a > b ? 1 : 0));
    body.append(...keyed.map(([, row]) => row));
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
  };
  for (const head of document.querySelectorAll("th[data-key]")) {
    const button = make("button", { type: "button" }, ...head.childNodes);
    const numbers = head.classList.contains("n");
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      sort(head, now ? now === "ascending" : numbers);
    });
    head.append(button);
    const key = head.dataset.key;
    if (asked.get("sort") === key || asked.get("sort") === "-" + key) sort(head, asked.get("sort")[0] === "-");
  }

  for (const box of document.querySelectorAll("[data-search]")) {
    const items = [...box.querySelectorAll("tbody tr, :scope > details")];
    const texts = items.map((item) => item.textContent.toLowerCase());
    const count = make("output");
    const field = make("input", { type: "search", value: asked.get("filter") || "" });
    const choices = [...box.querySelectorAll("th[data-pick]")].map((head) => {
      const values = new Set(items.map((row) => row.cells[head.cellIndex].textContent));
      const any = make("option", { value: "" }, "any " + head.textContent.toLowerCase());
      const named = [...values].sort().map((text) => make("option", { value: text }, text));
      return [head.cellIndex, make("select", { ariaLabel: head.textContent }, any, ...named)];
    });
    const apply = () => {
      const words = field.value.toLowerCase().split(/\s+/);
      let shown = 0;
      items.forEach((item, i) => {
        const chosen = choices.every(([n, c]) => !c.value || item.cells[n].textContent === c.value);
        item.hidden = !(chosen && words.every((word) => texts[i].includes(word)));
        shown += !item.hidden;
      });
      count.value = `${shown} of ${items.length} shown`;
    };
    const label = make("label", {}, box.dataset.search + " ", field);
    const bar = make("div", { className: "filter" }, label, ...choices.map(([, c]) => c), count);
    bar.addEventListener("input", apply);
    box.before(bar);
    apply();
  }

  const light = (event) => {
    const span = event.target.closest("[data-span]");
    for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
    if (!span) return;
    const same = `[data-span="${CSS.escape(span.dataset.span)}"]`;
    for (const end of span.closest("article").querySelectorAll(same)) end.classList.add("lit");
  };
  document.addEventListener("mouseover", light);
  document.addEventListener("focusin", light);
})();
