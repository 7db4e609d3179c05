// Keeps a draft's file on the server as it is on the screen: a moment after the last change, one
// request at a time, each computed from the revision the server last named.
import { data } from "./page.js";

const PAUSE = 900; // ms without a change before it is saved
const AGAIN = 5000; // ms until a save that did not get through is tried again

export class Saving {
  // `read` gives { file, xml } of what is shown; `tell` is called with (state, detail):
  // "saved" | "typing" | "saving" | "offline" | "moved" | "refused".
  constructor(read, tell) {
    this.read = read;
    this.tell = tell;
    this.revision = data.revision;
    this.dirty = false;
    this.stopped = false;
    this.running = null;
    window.addEventListener("beforeunload", (event) => {
      if (this.dirty) event.preventDefault();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && this.dirty) this.flush();
    });
  }

  touch() {
    this.dirty = true;
    if (this.stopped) return;
    this.tell("typing");
    this.later(PAUSE);
  }

  later(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), delay);
  }

  // Resolves when all that was changed is saved, or cannot be.
  async flush() {
    clearTimeout(this.timer);
    await this.running;
    if (!this.dirty || this.stopped) return;
    this.running = this.save();
    await this.running;
    this.running = null;
  }

  async save() {
    this.dirty = false;
    this.tell("saving");
    try {
      const { file, xml } = await this.read();
      const answer = await fetch(data.files.find((one) => one.name === file).address, {
        method: "PUT",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": data.token },
        body: JSON.stringify({ content: xml, revision: this.revision }),
      });
      const body = await answer.json().catch(() => ({}));
      if (answer.ok) this.took(body);
      else this.failed(answer.status, body);
    } catch {
      this.dirty = true;
      this.tell("offline");
      this.later(AGAIN);
    }
  }

  took(body) {
    this.revision = body.revision;
    if (!this.dirty) this.tell("saved", body);
  }

  // A server in trouble is asked again; a refusal stands until the author decides.
  failed(status, body) {
    this.dirty = true;
    if (status >= 500) {
      this.tell("offline");
      this.later(AGAIN);
      return;
    }
    // What the server could not read may be put right by the next change.
    this.stopped = status !== 422;
    this.tell(status === 409 ? "moved" : "refused", body);
  }

  forget() {
    clearTimeout(this.timer);
    this.dirty = false;
  }
}
