// The box in which a table is tried: the server renders and answers it (studio_decisions.box, try_).
import { data, say } from "../studio/page.js";

export class Trying {
  // `flush` saves what is on the screen first: the server tries the table as last saved.
  constructor(box, flush) {
    this.box = box;
    this.flush = flush;
    box.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation();
      this.post(event.target);
    });
  }

  async show(file, decision) {
    if (this.box.contains(document.activeElement)) return;
    const typed = this.decision === decision ? this.typed() : [];
    this.decision = decision;
    this.box.hidden = !decision;
    if (!decision) return;
    const query = new URLSearchParams([...typed, ["file", file], ["decision", decision]]);
    const answer = await fetch(`${data.box}?${query}`).catch(() => null);
    if (this.decision !== decision) return;
    this.box.hidden = !answer?.ok;
    if (answer?.ok) this.put(await answer.text());
  }

  typed() {
    const form = this.box.querySelector("form");
    return form ? [...new FormData(form)].filter(([name]) => /^(in|x)_/.test(name)) : [];
  }

  async post(form) {
    await this.flush();
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
    const text = answer && (answer.ok || answer.status === 422) ? await answer.text() : null;
    if (text === null) {
      form.querySelector("[data-try-result]").textContent = say("failed");
      return;
    }
    this.put(text);
    const wrong = this.box.querySelector("[aria-invalid]");
    (wrong ?? this.box.querySelector("button")).focus();
  }

  // Our own server's template, escaped there.
  put(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    this.box.replaceChildren(...fresh.body.childNodes);
  }
}
