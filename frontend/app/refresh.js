// What others do appears without a reload. Every part marked data-refresh asks the server every
// few seconds whether its stamp still stands (hx-trigger="refresh"); nothing is asked while the
// page is hidden, and a part in which somebody is typing is left alone.

function busy(part) {
  const active = document.activeElement;
  if (active && part.contains(active) && active.matches("input:not([type=radio]):not([type=checkbox]), textarea, select")) return true;
  return Boolean(part.querySelector(".dropdown-menu.show, .modal.show, form[data-touched]"));
}

export function startRefreshing(htmx, words, announce) {
  const every = Math.max(2, Number(document.body.dataset.poll || 5)) * 1000;
  let failures = 0;

  document.addEventListener("input", (event) => {
    const form = event.target.closest("[data-refresh] form");
    if (form) form.dataset.touched = "1";
  });
  document.addEventListener("htmx:sendError", () => {
    failures += 1;
    if (failures === 3) announce(words.offline);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) failures = 0;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.requestConfig?.triggeringEvent?.type === "refresh" && !event.target.closest("header")) announce(words.updated);
  });

  function round() {
    if (!document.hidden) {
      for (const part of document.querySelectorAll("[data-refresh]")) {
        if (!busy(part)) htmx.trigger(part, "refresh");
      }
    }
    // Slower while the server does not answer.
    setTimeout(round, every * Math.min(6, 1 + failures));
  }
  setTimeout(round, every);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) for (const part of document.querySelectorAll("[data-refresh]")) if (!busy(part)) htmx.trigger(part, "refresh");
  });
}
