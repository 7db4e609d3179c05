// The what-if runs: how far they are while they run, and a way to stop them.
//
// The form posts by itself where there is no script. Here it asks for lines of JSON instead:
//   { done, total } ... and last { result_url }
import "./whatif.css";

const NDJSON = "application/x-ndjson";

class Runs {
  constructor(form) {
    this.form = form;
    this.words = JSON.parse(form.dataset.words);
    this.progress = form.querySelector("[data-progress]");
    this.note = form.querySelector("[data-note]");
    this.start = form.querySelector("[data-start]");
    this.cancel = form.querySelector("[data-cancel]");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run();
    });
    this.cancel.addEventListener("click", () => this.stopping?.abort());
  }

  async run() {
    this.stopping = new AbortController();
    this.busy(true);
    this.note.textContent = "";
    this.show({ done: 0, total: 1 });
    try {
      const answer = await fetch(this.form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(this.form)),
        headers: { Accept: NDJSON },
        signal: this.stopping.signal,
      });
      if ((answer.headers.get("Content-Type") || "").startsWith(NDJSON)) await this.read(answer.body);
      else this.refused(await answer.text());
    } catch (error) {
      this.note.textContent = error.name === "AbortError" ? this.words.stopped : this.words.failed;
      this.busy(false);
    }
  }

  async read(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines.filter(Boolean)) {
        const told = JSON.parse(line);
        if (told.result_url) {
          this.go(told.result_url);
          return;
        }
        this.show(told);
      }
    }
    throw new Error("the answer ended early");
  }

  go(address) {
    const target = new URL(address, window.location.href);
    const here = window.location;
    const same = target.pathname === here.pathname && target.search === here.search;
    window.location.assign(target);
    if (same) window.location.reload();
  }

  // Something was wrong in the form: the page comes back with the words beside the fields.
  refused(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const given = page.querySelector("[data-whatif]");
    if (!given) throw new Error("no form came back");
    this.form.replaceWith(given);
    new Runs(given);
    given.querySelector("#error-summary")?.focus();
  }

  show({ done, total }) {
    const bar = this.progress.querySelector("progress");
    if (done) bar.value = done / total;
    else bar.removeAttribute("value");
    const text = done ? this.words.running.replace("{done}", done).replace("{total}", total) : this.words.walking;
    this.progress.querySelector("[data-text]").textContent = text;
  }

  busy(on) {
    this.progress.hidden = !on;
    this.cancel.hidden = !on;
    this.start.disabled = on;
    if (on) this.cancel.focus();
  }
}

for (const form of document.querySelectorAll("[data-whatif]")) new Runs(form);
if (window.location.hash === "#result") document.getElementById("result")?.focus();
