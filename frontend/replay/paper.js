// A case's drawings: which one is open, where it stands among the called processes, and opening the
// one the token has gone into.
import { Sheet } from "./sheet.js";

// Drawings kept open: switching back to one of them costs nothing.
const KEPT = 8;
const still = matchMedia("(prefers-reduced-motion: reduce)");

const idOf = (path) => path.slice(path.lastIndexOf("/") + 1).replace(/\[\d+\]$/, "");

const depth = (sheets, at) => (sheets[at].parent < 0 ? 0 : 1 + depth(sheets, sheets[at].parent));

export class Paper {
  constructor(root, words) {
    const find = (what) => root.querySelector(`[data-${what}]`);
    this.words = words;
    this.home = find("canvas");
    this.crumbs = find("crumbs");
    this.elsewhere = find("elsewhere");
    this.version = find("version");
    this.follow = find("follow");
    this.note = find("note");
    this.list = find("sheets");
    this.list.addEventListener("change", () => this.choose(Number(this.list.value)));
    this.sheets = new Map(); // "stretch:sheet" -> Sheet, the one used last at the end
    this.sheet = 0; // the one the reader opened
    root.addEventListener("click", (event) => {
      const zoom = event.target.closest("[data-zoom]");
      if (zoom && this.current) this.current.zoom(zoom.dataset.zoom);
      const link = event.target.closest("button[data-sheet]");
      if (link) this.choose(Number(link.dataset.sheet));
    });
    this.follow.addEventListener("change", () => this.again());
    // The wheel scrolls the page; with Ctrl it zooms the drawing.
    this.home.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) event.stopImmediatePropagation();
    }, { capture: true });
  }

  open(course) {
    this.course = course;
    const { frames } = course;
    this.ids = frames.paths.map(idOf);
  }

  // What the reader opens by hand stays open.
  choose(sheet) {
    this.follow.checked = false;
    this.sheet = sheet;
    this.again();
  }

  again() {
    return this.show(this.position ?? 0, { duration: 0 });
  }

  async show(position, { duration }) {
    this.position = position;
    const { course } = this;
    const { frames } = course;
    const stretch = course.stretchAt(position);
    const about = frames.stretches[stretch];
    const index = position - 1;
    const focus = index < 0 ? -1 : this.focus(index);
    if (stretch !== this.stretch) this.sheet = Math.min(this.sheet, about.sheets.length - 1);
    this.stretch = stretch;
    if (this.follow.checked && focus >= 0 && about.places[focus] >= 0) this.sheet = about.places[focus];
    const sheet = this.sheetOf(stretch, this.sheet);
    try {
      await sheet.ready;
    } catch {
      this.note.hidden = false;
      this.note.textContent = this.words.failed;
      return;
    }
    // While it was read the reader has gone on.
    if (this.position !== position || sheet !== this.sheetOf(this.stretch, this.sheet)) return;
    this.note.hidden = true;
    const here = focus >= 0 && about.places[focus] === this.sheet ? this.ids[focus] : "";
    if (this.current !== sheet) this.reveal(sheet, here);
    this.draw(sheet, index, here, duration);
  }

  draw(sheet, index, here, duration) {
    const { course } = this;
    const { frames } = course;
    const rounds = course.rounds();
    const flows = index < 0 ? [] : frames.flows[index].map((n) => frames.taken[n]).filter(([, at]) => at === this.sheet).map(([, , id]) => id);
    const fresh = new Set(flows);
    if (index >= 0) {
      const places = frames.stretches[this.stretch].places;
      for (let n = 0; n < frames.ops[index].length; n += 2) {
        const path = frames.ops[index][n] >> 2;
        if (places[path] === this.sheet) fresh.add(this.ids[path]);
      }
    }
    sheet.stop();
    sheet.draw(course, rounds, this.lateInside(rounds), fresh, here);
    if (this.follow.checked && here) sheet.see(here);
    if (duration > 120 && flows.length && !still.matches) sheet.travel(flows, duration);
    this.tellWhere(rounds);
  }

  // The path an event is about: where it happened, else the last place a token came to.
  focus(index) {
    const { frames } = this.course;
    const places = frames.stretches[this.stretch ?? 0].places;
    if (frames.path[index] >= 0 && places[frames.path[index]] >= 0) return frames.path[index];
    let at = index;
    // When all is over, what is shown is where it ended.
    if (frames.types[frames.type[index]] === "instance.completed") while (at > 0 && !frames.ops[at].length) at -= 1;
    const ops = frames.ops[at];
    for (let n = ops.length - 2; n >= 0; n -= 2) if (places[ops[n] >> 2] >= 0) return ops[n] >> 2;
    return -1;
  }

  // Whether something open at or inside these paths is past its limit.
  lateInside(rounds) {
    const { state, frames } = this.course;
    const open = [...rounds.keys()];
    const late = open.filter((path) => state.late[path]).map((path) => frames.paths[path]);
    return (paths, found) =>
      found.late &&
      paths.some((path) => {
        const own = frames.paths[path];
        const inside = open.some((one) => frames.paths[one].startsWith(`${own}/`));
        return inside ? late.some((one) => one.startsWith(`${own}/`)) : late.includes(own);
      });
  }

  sheetOf(stretch, number) {
    const key = `${stretch}:${number}`;
    let sheet = this.sheets.get(key);
    if (sheet) this.sheets.delete(key);
    else sheet = this.make(stretch, number);
    this.sheets.set(key, sheet);
    for (const [old, one] of this.sheets) {
      if (this.sheets.size <= KEPT) break;
      if (one === this.current || old === key) continue;
      one.remove();
      this.sheets.delete(old);
    }
    return sheet;
  }

  make(stretch, number) {
    const { frames } = this.course;
    const about = frames.stretches[stretch];
    const elements = new Map();
    about.places.forEach((place, path) => {
      if (place !== number) return;
      const id = this.ids[path];
      if (!elements.has(id)) elements.set(id, []);
      elements.get(id).push(path);
    });
    // A flow taken on an earlier version is drawn where this one still has it.
    const { prefix } = about.sheets[number];
    const flows = new Map();
    frames.taken.forEach(([of, sheet, id], n) => {
      if (frames.stretches[of].sheets[sheet].prefix !== prefix) return;
      if (!flows.has(id)) flows.set(id, []);
      flows.get(id).push(n);
    });
    const sheet = new Sheet(this.home, about.sheets[number], elements, flows, this.words);
    // A called process opens with a double click on its activity, as in the modeler.
    sheet.viewer.on("element.dblclick", ({ element }) => {
      const called = about.sheets.findIndex((one) => one.parent === number && idOf(one.prefix) === element.id);
      if (called >= 0) this.choose(called);
    });
    return sheet;
  }

  reveal(sheet, focus) {
    this.current?.stop();
    for (const one of this.sheets.values()) one.box.hidden = one !== sheet;
    sheet.box.hidden = false;
    if (!sheet.fitted) {
      sheet.canvas.resized();
      sheet.fit(focus || sheet.elements.keys().next().value);
      sheet.fitted = true;
    }
    this.current = sheet;
    this.writeCrumbs();
  }

  writeCrumbs() {
    const { sheets, number } = this.course.frames.stretches[this.stretch];
    const chain = [];
    for (let at = this.sheet; at >= 0; at = sheets[at].parent) chain.unshift(at);
    this.crumbs.replaceChildren(
      ...chain.map((at) => {
        const item = document.createElement("li");
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.sheet = at;
        button.textContent = sheets[at].title;
        if (at === this.sheet) button.setAttribute("aria-current", "page");
        item.append(button);
        return item;
      }),
    );
    this.list.replaceChildren(...sheets.map((sheet, at) => new Option(`${"　".repeat(depth(sheets, at))}${sheet.title}`, at, false, at === this.sheet)));
    this.list.hidden = sheets.length < 2;
    this.version.textContent = this.words.version.replace("{n}", number);
    this.version.hidden = false;
  }

  // Where else tokens are: parallel branches run in other drawings at the same time.
  tellWhere(rounds) {
    const { frames } = this.course;
    const about = frames.stretches[this.stretch];
    const paths = [...rounds.keys()];
    const inner = paths.filter((path) => !paths.some((one) => frames.paths[one].startsWith(`${frames.paths[path]}/`)));
    const others = new Map();
    for (const path of inner) {
      const place = about.places[path];
      if (place >= 0 && place !== this.sheet) others.set(place, (others.get(place) ?? 0) + rounds.get(path).length);
    }
    const sign = [...others].join(";");
    if (sign === this.told) return;
    this.told = sign;
    this.elsewhere.hidden = !others.size;
    const lead = document.createElement("span");
    lead.textContent = this.elsewhere.dataset.wordsElsewhere;
    this.elsewhere.replaceChildren(
      lead,
      ...[...others].map(([place, count]) => {
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.sheet = place;
        button.textContent = about.sheets[place].title;
        const dot = document.createElement("b");
        dot.className = "replay-dot";
        dot.textContent = count > 1 ? count : "";
        button.prepend(dot);
        return button;
      }),
    );
  }
}
