"use strict";
(() => {
  document.documentElement.classList.remove("no-script");

  // Variants: of each group one option is seen, the one whose radio button is chosen.
  const show = (group, option) => {
    for (const part of document.querySelectorAll("[data-group]")) {
      if (part.dataset.group === group) part.hidden = part.dataset.option !== option;
    }
  };
  const choices = document.querySelectorAll("fieldset.choice input");
  for (const choice of choices) {
    choice.addEventListener("change", () => show(choice.name, choice.value));
  }
  const follow = () => {
    for (const choice of choices) if (choice.checked) show(choice.name, choice.value);
  };
  follow();
  addEventListener("pageshow", follow); // a browser that goes back restores the buttons

  // Tables: one that is wider than its place is stacked, a row a block, so that nothing of it is out of sight.
  const stack = (box) => {
    const table = box.firstElementChild;
    if (!table.hasAttribute("role")) { // another display would take the table's meaning from it
      const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
      table.setAttribute("role", "table");
      for (const row of table.rows) {
        row.setAttribute("role", "row");
        for (const cell of row.cells) {
          cell.setAttribute("role", cell.tagName === "TD" ? "cell" : row.parentNode === table.tHead ? "columnheader" : "rowheader");
          if (cell.tagName === "TD") cell.dataset.label = heads[cell.cellIndex];
        }
      }
    }
    box.classList.add("stacked");
    for (const cell of table.querySelectorAll("td")) {
      cell.classList.remove("wide");
      if (cell.scrollWidth > cell.clientWidth + 1) cell.classList.add("wide");
    }
  };
  const widths = new Map();
  const observer = new ResizeObserver((entries) => {
    for (const { target: box } of entries) {
      const width = box.clientWidth;
      if (!width || widths.get(box) === width) continue;
      widths.set(box, width);
      box.classList.remove("stacked");
      if (box.scrollWidth > width) stack(box);
    }
  });
  for (const box of document.querySelectorAll(".scroll")) observer.observe(box);

  // Hints: the values under the pointer.
  const hint = document.getElementById("hint");
  const hide = () => { hint.hidden = true; };
  const place = (event) => {
    const box = hint.getBoundingClientRect();
    const x = Math.min(event.clientX + 14, innerWidth - box.width - 8);
    const below = event.clientY + 18;
    const y = below + box.height > innerHeight - 8 ? event.clientY - box.height - 12 : below;
    hint.style.left = `${Math.max(8, x)}px`;
    hint.style.top = `${Math.max(8, y)}px`;
  };
  document.addEventListener("pointermove", (event) => {
    const part = event.target instanceof Element ? event.target.closest("[data-hint]") : null;
    if (!part) return hide();
    if (hint.hidden || hint.textContent !== part.dataset.hint) {
      hint.textContent = part.dataset.hint;
      hint.hidden = false;
    }
    place(event);
  });
  document.addEventListener("pointerdown", (event) => {
    if (!(event.target instanceof Element && event.target.closest("[data-hint]"))) hide();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("scroll", hide, { passive: true });
})();
