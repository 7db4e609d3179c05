// The one script of every page: Tabler's behaviour, htmx, and our small helpers.
import "@tabler/core/dist/css/tabler.css";
import "./app.css";
import "./plans.css";
import "./library.css";
import "./compliance.css";
import { Alert, Dropdown, Collapse, Modal, Tab, Tooltip } from "@tabler/core/dist/js/tabler.esm.js";
import htmx from "htmx.org/dist/htmx.esm.js";
import { Idiomorph } from "idiomorph/dist/idiomorph.esm.js";
import { startCounters } from "./counters.js";
import { startForms } from "./forms.js";
import { startRefreshing } from "./refresh.js";
import { startRowForms } from "./row_forms.js";

window.htmx = htmx;
window.bootstrap = { Alert, Dropdown, Collapse, Modal, Tab, Tooltip };

// hx-swap="morph": what has not changed keeps its focus, scroll and open details.
htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap(style, target, fragment) {
    if (style !== "morph") return false;
    const parts = Array.from(fragment.children);
    return Idiomorph.morph(target, parts.length ? parts : fragment.childNodes, {
      morphStyle: "outerHTML",
      ignoreActiveValue: true,
      callbacks: {
        // What a script drew stays as it is; what a person opened stays open.
        beforeNodeMorphed: (old) => !(old instanceof Element && old.hasAttribute("data-keep")),
        beforeAttributeUpdated: (name) => name !== "open" && name !== "hidden",
      },
    });
  },
});

// Every request htmx sends that changes something carries the page's token.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('input[name="csrf_token"]');
  if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.value;
});

export const words = JSON.parse(document.body.dataset.words || "{}");

export function announce(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}

function boot() {
  startCounters(words);
  startForms(words);
  startRefreshing(htmx, words, announce);
  const summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();
  startRowForms();
  // On a phone the tabs are wider than the screen: the one at hand is brought into sight.
  for (const tab of document.querySelectorAll(".nav-tabs .active")) {
    const bar = tab.closest(".nav-tabs");
    bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - (bar.clientWidth - tab.offsetWidth) / 2;
  }
  for (const button of document.querySelectorAll("[data-back]")) {
    button.addEventListener("click", () => history.back());
  }
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", boot);
else boot();
