// What each event was, in the server's words: fetched a hundred at a time around the position.
import { moment } from "./spans.js";

const CHUNK = 100;
const AROUND = 3;
// While the position runs, nothing is fetched for what is passed over.
const IDLE = 140;

export class Notes {
  constructor({ now, near, live, words, zone, onPick }) {
    Object.assign(this, { now, near, live, words, zone });
    this.chunks = new Map();
    near?.addEventListener("click", (event) => {
      const button = event.target.closest("button[data-index]");
      if (button) onPick(Number(button.dataset.index) + 1);
    });
  }

  open(course) {
    this.course = course;
    this.address = course.frames.details;
  }

  // Shows the event before `position`; `announce` reads its sentence out.
  async show(position, announce) {
    this.position = position;
    clearTimeout(this.waiting);
    const index = position - 1;
    if (index < 0) {
      this.write(null);
      return;
    }
    const there = this.chunk(index);
    if (there instanceof Map) {
      this.tell(index, announce);
      return;
    }
    this.waiting = setTimeout(async () => {
      try {
        await this.fetch(index);
        if (index % CHUNK > CHUNK - AROUND && index + AROUND < this.course.length) await this.fetch(index + AROUND);
        if (index % CHUNK < AROUND && index >= CHUNK) await this.fetch(index - AROUND);
      } catch {
        this.now.textContent = this.words.failed;
        return;
      }
      if (this.position === position) this.tell(index, announce);
    }, this.chunks.size ? IDLE : 0);
  }

  chunk(index) {
    return this.chunks.get(Math.floor(index / CHUNK));
  }

  async fetch(index) {
    const number = Math.floor(index / CHUNK);
    if (!this.chunks.has(number)) {
      const loading = this.read(number);
      this.chunks.set(number, loading);
      try {
        this.chunks.set(number, await loading);
      } catch (error) {
        this.chunks.delete(number);
        throw error;
      }
    }
    return this.chunks.get(number);
  }

  async read(number) {
    const answer = await fetch(`${this.address}?from=${number * CHUNK}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return new Map([...page.querySelectorAll("article[data-index]")].map((one) => [Number(one.dataset.index), one]));
  }

  article(index) {
    const there = this.chunk(index);
    return there instanceof Map ? there.get(index) : undefined;
  }

  tell(index, announce) {
    const article = this.article(index);
    if (!article) return;
    this.write(document.importNode(article, true));
    if (this.near) this.list(index);
    if (announce && this.live) this.live.textContent = `${article.dataset.sentence} ${article.dataset.who}`;
    // The next chunk is there before it is needed.
    if (index % CHUNK > CHUNK - 20 && index + 20 < this.course.length) this.fetch(index + 20).catch(() => {});
  }

  write(article) {
    if (article) this.now.replaceChildren(article);
    else {
      const line = document.createElement("p");
      line.className = "text-secondary mb-0";
      line.textContent = this.course.length ? this.words.start : this.words.none;
      this.now.replaceChildren(line);
    }
    if (!article) this.near?.replaceChildren();
  }

  list(index) {
    const rows = [];
    const first = Math.max(0, Math.min(index - AROUND, this.course.length - 2 * AROUND - 1));
    for (let n = first; n <= Math.min(first + 2 * AROUND, this.course.length - 1); n += 1) {
      const article = this.article(n);
      if (!article) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.index = n;
      button.className = "replay-row";
      if (n === index) button.setAttribute("aria-current", "step");
      const time = document.createElement("span");
      time.className = "replay-row-time";
      // 03-10 09:01: the year is told with the event itself.
      time.textContent = moment(this.course.frames.occurred[n], this.zone).slice(5, 16);
      const text = document.createElement("span");
      text.textContent = article.dataset.sentence;
      button.append(time, text);
      const row = document.createElement("li");
      row.append(button);
      rows.push(row);
    }
    this.near.replaceChildren(...rows);
  }
}
