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
