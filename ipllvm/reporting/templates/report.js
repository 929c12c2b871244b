(() => {
  "use strict";
  const table = document.getElementById("table");
  if (table) {
    const body = table.tBodies[0], form = document.getElementById("filter"), told = form?.querySelector("output");
    const heads = [...table.tHead.rows[0].cells];
    const value = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
    const order = (a, b) => {
      const x = Number(a), y = Number(b), number = a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y);
      if (a === "" || b === "") return (a === "") - (b === "");
      return number ? x - y : a.localeCompare(b);
    };
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent.trim();
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending", sign = down ? -1 : 1;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        body.append(...[...body.rows].sort((a, b) => sign * order(value(a, column), value(b, column))));
      });
    });
    const filter = () => {
      const words = form.elements.words.value.trim().toLowerCase().split(/\s+/);
      const verdict = form.elements.verdict.value, kind = form.elements.kind.value;
      let shown = 0;
      for (const row of body.rows) {
        const text = row.textContent.toLowerCase();
        const fits = words.every((word) => text.includes(word)) && (!verdict || row.dataset.verdict === verdict)
          && (!kind || row.dataset.kind === kind);
        row.hidden = !fits;
        shown += fits;
      }
      told.textContent = `${shown} of ${body.rows.length} results`;
    };
    if (form) {
      form.addEventListener("input", filter);
      form.addEventListener("submit", (event) => event.preventDefault());
      form.hidden = false;
      filter();
    }
  }
  const sift = document.getElementById("sift");
  if (sift) {
    const items = [...document.querySelectorAll("#samples li[data-state]")];
    const groups = [...document.querySelectorAll("#samples > details")];
    const choose = () => {
      const sought = sift.elements.words.value.trim().toLowerCase(), state = sift.elements.state.value;
      const words = sought.split(/\s+/);
      for (const item of items) {
        const text = item.textContent.toLowerCase();
        item.hidden = !(words.every((word) => text.includes(word)) && (!state || item.dataset.state === state));
      }
      for (const group of groups) {
        group.hidden = !group.querySelector("li[data-state]:not([hidden])");
        group.open = Boolean(sought || state);
      }
      sift.querySelector("output").textContent = `${items.filter((item) => !item.hidden).length} of ${items.length} samples`;
    };
    sift.addEventListener("input", choose);
    sift.addEventListener("submit", (event) => event.preventDefault());
    sift.hidden = false;
    choose();
  }
  const goto = () => {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    for (let box = target && target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", goto);
  goto();
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details[data-print]:not([open])")];
    closed.forEach((box) => { box.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((box) => { box.open = false; }));
})();
