// Two versions of a plan's diagram side by side. bpmn-js-differ finds what differs between the two
// drawings; the server's list adds what it says of each element.
//
// <div data-compare='{"sheets": [{ key, title, before, after, marks: { elementId: { kind, text } } }],
//   "words": {...} }'> holds the panes; `before` and `after` are the addresses of BPMN files ("" for
// none). Buttons [data-locate=elementId][data-process=key] anywhere on the page bring an element of
// that process into sight in both. Colours only repeat the sign on every badge.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import { diff } from "bpmn-js-differ";
import { is } from "bpmn-js/lib/util/ModelUtil";
import { inLanguage } from "../diagram/language.js";
import wideLabels from "../diagram/wide_labels.js";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "../diagram/diagram.css";
import "./compare.css";

const SIGNS = { added: "+", removed: "−", changed: "~", layout: "↔" };
// The scale at which an element is shown when it is brought into sight, and the least at which a
// whole drawing is still worth showing.
const CLOSE = 0.9;
const LEGIBLE = 0.45;

class Pane {
  constructor(root, words) {
    this.box = root.querySelector("[data-canvas]");
    this.note = root.querySelector("[data-note]");
    this.words = words;
    this.viewer = new NavigatedViewer({ container: this.box, additionalModules: [wideLabels] });
    this.drawn = false;
    this.box.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) event.stopImmediatePropagation();
    }, { capture: true });
  }

  get canvas() {
    return this.viewer.get("canvas");
  }

  async show(source) {
    this.drawn = false;
    this.located = null;
    if (!source) {
      this.viewer.clear();
      this.say(this.words.missing);
      return;
    }
    const answer = await fetch(source);
    if (!answer.ok) throw new Error(String(answer.status));
    await this.viewer.importXML(inLanguage(await answer.text()));
    this.drawn = true;
    this.note.hidden = true;
  }

  say(text) {
    this.note.hidden = false;
    this.note.textContent = text;
  }

  element(id) {
    return this.drawn ? this.viewer.get("elementRegistry").get(id) : undefined;
  }

  mark(id, kind, text) {
    const shape = this.element(id);
    if (!shape) return;
    const frame = is(shape, "bpmn:Participant") || is(shape, "bpmn:Lane") || (is(shape, "bpmn:SubProcess") && !shape.collapsed);
    this.canvas.addMarker(id, `cmp-${kind}`);
    if (frame) this.canvas.addMarker(id, "cmp-frame");
    if (shape.waypoints || frame) return;
    const badge = document.createElement("div");
    badge.className = `cmp-note cmp-note-${kind}`;
    badge.textContent = `${SIGNS[kind]} ${this.words[kind]}`;
    if (text) badge.title = text;
    this.viewer.get("overlays").add(id, { position: { top: -14, left: 2 }, html: badge });
  }

  // The part of the drawing around an element; true when it is here.
  locate(id) {
    const shape = this.element(id);
    if (this.located && this.element(this.located)) this.canvas.removeMarker(this.located, "cmp-here");
    this.located = null;
    if (!shape) return false;
    const box = this.viewer.get("elementRegistry").get(id);
    const area = box.waypoints
      ? { x: box.waypoints[0].x, y: box.waypoints[0].y, width: 0, height: 0 }
      : box;
    const width = this.box.clientWidth / CLOSE;
    const height = this.box.clientHeight / CLOSE;
    this.canvas.viewbox({
      x: area.x + area.width / 2 - width / 2,
      y: area.y + area.height / 2 - height / 2,
      width,
      height,
    });
    this.canvas.addMarker(id, "cmp-here");
    this.located = id;
    return true;
  }
}

class Comparison {
  constructor(root) {
    const { sheets, words } = JSON.parse(root.dataset.compare);
    this.root = root;
    this.sheets = sheets;
    this.words = words;
    this.tabs = root.querySelector("[data-sheets]");
    this.together = root.querySelector("[data-together]");
    this.before = new Pane(root.querySelector('[data-pane="before"]'), words);
    this.after = new Pane(root.querySelector('[data-pane="after"]'), words);
    this.panes = [this.before, this.after];
    this.drawTabs();
    this.follow(this.before, this.after);
    this.follow(this.after, this.before);
    root.addEventListener("click", (event) => {
      const tab = event.target.closest("[data-sheet]");
      if (tab) this.show(tab.dataset.sheet);
      const zoom = event.target.closest("[data-zoom]");
      if (zoom) this.zoom(zoom.dataset.zoom);
    });
  }

  drawTabs() {
    this.tabs.replaceChildren(
      ...this.sheets.map((sheet) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "nav-link";
        button.dataset.sheet = sheet.key;
        button.textContent = sheet.title;
        const count = Object.keys(sheet.marks).length;
        if (count) {
          const badge = document.createElement("span");
          badge.className = "badge bg-secondary-lt ms-2";
          badge.textContent = count;
          button.append(badge);
        }
        const item = document.createElement("li");
        item.className = "nav-item";
        item.append(button);
        return item;
      }),
    );
    this.tabs.hidden = this.sheets.length < 2;
  }

  // Moving one pane moves the other, unless that is switched off.
  follow(from, to) {
    from.viewer.on("canvas.viewbox.changed", ({ viewbox }) => {
      if (this.moving || !this.together.checked || !from.drawn || !to.drawn) return;
      this.moving = true;
      const scale = viewbox.scale;
      to.canvas.viewbox({
        x: viewbox.x,
        y: viewbox.y,
        width: to.box.clientWidth / scale,
        height: to.box.clientHeight / scale,
      });
      this.moving = false;
    });
  }

  // Both at once, neither following the other.
  each(work) {
    this.moving = true;
    const answers = this.panes.map((pane) => pane.drawn && work(pane));
    this.moving = false;
    return answers;
  }

  async show(key) {
    const sheet = this.sheets.find((one) => one.key === key);
    if (!sheet) return;
    if (this.shown === sheet) return;
    this.shown = sheet;
    for (const button of this.tabs.querySelectorAll("[data-sheet]")) {
      const here = button.dataset.sheet === key;
      button.classList.toggle("active", here);
      if (here) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    this.moving = true;
    try {
      await Promise.all([this.before.show(sheet.before), this.after.show(sheet.after)]);
    } finally {
      this.moving = false;
    }
    const first = this.mark(sheet);
    this.fit(first);
  }

  // Marks what differs and returns the id of the first that does.
  mark(sheet) {
    const kinds = new Map();
    if (this.before.drawn && this.after.drawn) {
      const found = diff(this.before.viewer.getDefinitions(), this.after.viewer.getDefinitions());
      for (const id of Object.keys(found._layoutChanged)) kinds.set(id, "layout");
      for (const id of Object.keys(found._changed)) kinds.set(id, "changed");
      for (const id of Object.keys(found._removed)) kinds.set(id, "removed");
      for (const id of Object.keys(found._added)) kinds.set(id, "added");
    }
    for (const [id, mark] of Object.entries(sheet.marks)) {
      const known = kinds.get(id);
      if (!known || known === "layout") kinds.set(id, mark.kind === "moved" ? "changed" : mark.kind);
    }
    for (const [id, kind] of kinds) {
      const text = sheet.marks[id]?.text || "";
      if (kind !== "added") this.before.mark(id, kind, text);
      if (kind !== "removed") this.after.mark(id, kind, text);
    }
    const there = (id) => this.after.element(id) || this.before.element(id);
    return Object.keys(sheet.marks).find(there);
  }

  // The whole, if it can be read; else the first change.
  fit(first) {
    this.each((pane) => pane.canvas.zoom("fit-viewport", "auto"));
    const small = this.panes.some((pane) => pane.drawn && pane.canvas.zoom() < LEGIBLE);
    if (small && first) this.locate(first);
    else this.align();
  }

  // The two drawings need not be equally large: shown together they have one scale.
  align() {
    if (!this.together.checked || !this.before.drawn || !this.after.drawn) return;
    const leading = this.before.canvas.zoom() <= this.after.canvas.zoom() ? this.before : this.after;
    const { x, y, width, height } = leading.canvas.viewbox();
    this.each((pane) => pane.canvas.viewbox({ x, y, width, height }));
  }

  locate(id) {
    const [before, after] = this.each((pane) => pane.locate(id));
    // Where it is not, the same stretch of the drawing is shown.
    const lead = after ? this.after : this.before;
    const other = after ? this.before : this.after;
    if (before !== after && lead.drawn && other.drawn) {
      const { x, y, width, height } = lead.canvas.viewbox();
      this.moving = true;
      other.canvas.viewbox({ x, y, width, height });
      this.moving = false;
    }
  }

  zoom(how) {
    if (how === "all") {
      this.each((pane) => pane.canvas.zoom("fit-viewport", "auto"));
      this.align();
    } else {
      const factor = how === "in" ? 1.25 : 0.8;
      this.each((pane) => pane.canvas.zoom(pane.canvas.zoom() * factor));
    }
  }

  failed() {
    for (const pane of this.panes) if (!pane.drawn) pane.say(this.words.failed);
  }
}

for (const root of document.querySelectorAll("[data-compare]")) {
  const comparison = new Comparison(root);
  const start = comparison.sheets.find((one) => Object.keys(one.marks).length) || comparison.sheets[0];
  const open = (key) => comparison.show(key).catch(() => comparison.failed());
  // Drawn once it is in sight: a hidden box has no size to fit into.
  const watcher = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) {
      watcher.disconnect();
      if (!comparison.shown && start) open(start.key);
    }
  });
  watcher.observe(root);
  for (const button of document.querySelectorAll("[data-locate]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      root.scrollIntoView({ block: "start" });
      await open(button.dataset.process);
      comparison.locate(button.dataset.locate);
    });
  }
}
