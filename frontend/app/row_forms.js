// The studio's rows that turn into their form in place. The first field gets the focus; Escape does
// what the cancel link does; the row left behind gets the focus back. One form at a time: two would
// share their fields' ids, so with one open another row opens as a page of its own.
const FORM = "[data-row-form]";

export function startRowForms() {
  document.addEventListener("htmx:beforeRequest", (event) => {
    const link = event.target;
    if (!link.matches?.("a[href][hx-get]") || !document.querySelector(FORM)) return;
    event.preventDefault();
    go(link.href);
  });
  document.addEventListener("htmx:afterSettle", () => focusOn(document.querySelector(FORM)));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    document.activeElement?.closest(FORM)?.querySelector("a[data-cancel]")?.click();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-cancel]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.href);
  });
  if (document.querySelector("[data-focus]")) return;
  const left = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  focusOn(document.querySelector(FORM) ?? left?.closest("tr, section.card"));
}

// An address that differs by its anchor only would not be loaded.
function go(address) {
  const same = location.href.split("#")[0] === address.split("#")[0];
  location.assign(address);
  if (same) location.reload();
}

function focusOn(part) {
  if (!part || part.contains(document.activeElement)) return;
  part.querySelector("input:not([type=hidden]), select, a[href], button")?.focus();
}
