// Forms: one press is one submission, a page with unsaved words asks before it is left, and a
// select marked so submits by itself.

export function startForms(words) {
  let dirty = null;

  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-guard]");
    if (form) dirty = form;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!dirty) return;
    event.preventDefault();
    event.returnValue = words.leave;
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    dirty = null;
    const button = event.submitter;
    if (button) {
      // After this turn, so that the button's own name and value are still sent.
      setTimeout(() => {
        button.classList.add("btn-loading");
        button.setAttribute("aria-disabled", "true");
      });
    }
    // Back from the next page, or a download: the form may be sent again.
    setTimeout(() => delete form.dataset.sent, 8000);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll(".btn-loading")) {
      button.classList.remove("btn-loading");
      button.removeAttribute("aria-disabled");
    }
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-submit-on-change]");
    if (form) form.requestSubmit();
    reveal(event.target.form || document);
    const many = event.target.closest("[data-many]");
    if (many) tell(many);
  });
  reveal(document);
  document.addEventListener("htmx:afterSettle", () => reveal(document));
}

// The heading of a folded list of boxes says what is ticked.
function tell(many) {
  const picked = [...many.querySelectorAll("input:checked + span")].map((one) => one.textContent);
  const [all, some] = ["all", "picked"].map((of) => many.querySelector(`[data-many-${of}]`));
  some.textContent = picked.join(many.dataset.many);
  some.hidden = !picked.length;
  all.hidden = picked.length > 0;
}

// <div data-show-when="field=value|other"> is shown while that field has one of the values.
function reveal(root) {
  const form = root.querySelector ? root : document;
  for (const part of form.querySelectorAll("[data-show-when]")) {
    const [name, wanted] = part.dataset.showWhen.split("=");
    const owner = part.closest("form");
    const field = owner && owner.elements.namedItem(name);
    if (!field) continue;
    let value = field.value;
    if (field.type === "checkbox") value = field.checked ? field.value : "";
    const shown = wanted.split("|").includes(value);
    part.hidden = !shown;
    for (const input of part.querySelectorAll("[data-required-when-shown]")) input.required = shown;
  }
}
