// The plan's diagram, read only: bpmn-js draws it, we mark what is done, open, late or cancelled.
//
// <div data-diagram="URL"> holds the drawing; URL answers
//   { sheets: [{ key, title, source, states: { elementId: { state, late, text, label } } }] }
// (`late`: past its limit, whether still open or done after it)
// where `source` is the address of the BPMN file. One sheet is the plan itself, the others are
// the processes it calls. Colours only repeat what the overlay says in words.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import { is } from "bpmn-js/lib/util/ModelUtil";
import { inLanguage } from "./language.js";
import wideLabels from "./wide_labels.js";
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "./diagram.css";

const MARKERS = { done: "is-done", open: "is-open", late: "is-late", cancelled: "is-cancelled" };

// Scales at which names can still be read, and beyond which nothing is gained; the paper left free
// around the drawing, in its own units.
const LEGIBLE = 0.5;
const READABLE = 0.8;
const MARGIN = 30;

class Diagram {
  constructor(root) {
    this.root = root;
    this.canvasBox = root.querySelector("[data-canvas]");
    this.tabs = root.querySelector("[data-sheets]");
    this.note = root.querySelector("[data-note]");
    this.viewer = new NavigatedViewer({ container: this.canvasBox, additionalModules: [wideLabels] });
    this.marked = [];
    this.sheets = [];
    this.current = null;
    root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-zoom]");
      if (button) this.zoom(button.dataset.zoom);
      const tab = event.target.closest("[data-sheet]");
      if (tab) this.show(tab.dataset.sheet);
    });
    // A called process opens with a double click on its activity, as in the modeler.
    this.viewer.on("element.dblclick", ({ element }) => {
      const called = this.current?.calls?.[element.id];
      if (called) this.show(called);
    });
    // The wheel scrolls the page; with Ctrl it zooms the drawing.
    this.canvasBox.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) event.stopImmediatePropagation();
    }, { capture: true });
  }

  async load() {
    const answer = await fetch(this.root.dataset.diagram, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    this.stamp = answer.headers.get("X-Stamp");
    const { sheets } = await answer.json();
    this.sheets = sheets;
    this.drawTabs();
    const wanted = this.current?.key ?? this.root.dataset.start ?? "";
    const sheet = sheets.find((one) => one.key === wanted) || sheets[0];
    if (!sheet) return;
    if (this.current && this.current.source === sheet.source && this.current.key === sheet.key) {
      this.current = sheet;
      this.mark();
    } else {
      await this.show(sheet.key);
    }
  }

  drawTabs() {
    if (!this.tabs) return;
    this.tabs.replaceChildren(
      ...this.sheets.map((sheet) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "nav-link";
        button.dataset.sheet = sheet.key;
        button.textContent = sheet.title;
        if (sheet.open) {
          const dot = document.createElement("span");
          dot.className = sheet.late ? "badge due due-late ms-2" : "badge due due-ok ms-2";
          dot.textContent = sheet.open;
          button.append(dot);
        }
        const item = document.createElement("li");
        item.className = "nav-item";
        item.append(button);
        return item;
      }),
    );
    this.tabs.hidden = this.sheets.length < 2;
    this.activate();
  }

  activate() {
    for (const button of this.root.querySelectorAll("[data-sheet]")) {
      const here = button.dataset.sheet === this.current?.key;
      button.classList.toggle("active", here);
      if (here) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  async show(key) {
    const sheet = this.sheets.find((one) => one.key === key);
    if (!sheet) return;
    const answer = await fetch(sheet.source);
    if (!answer.ok) throw new Error(String(answer.status));
    await this.viewer.importXML(inLanguage(await answer.text()));
    this.current = sheet;
    this.marked = [];
    this.activate();
    this.mark();
    this.zoom("fit");
    if (this.note) this.note.hidden = true;
  }

  mark() {
    const canvas = this.viewer.get("canvas");
    const overlays = this.viewer.get("overlays");
    const registry = this.viewer.get("elementRegistry");
    for (const [id, marker] of this.marked) if (registry.get(id)) canvas.removeMarker(id, marker);
    overlays.clear();
    this.marked = [];
    const focus = [];
    const late = [];
    for (const [id, entry] of Object.entries(this.current.states || {})) {
      const shape = registry.get(id);
      if (!shape) continue;
      const marker = MARKERS[entry.late && entry.state === "open" ? "late" : entry.state];
      if (!marker) continue;
      // A sub-process drawn open is a frame: its own colour would swallow those inside.
      const frame = is(shape, "bpmn:SubProcess") && !shape.collapsed;
      const markers = [marker];
      if (frame) markers.push("is-frame");
      if (entry.late && entry.state === "done") markers.push("is-done-late");
      for (const name of markers) {
        canvas.addMarker(id, name);
        this.marked.push([id, name]);
      }
      if (frame) continue;
      if (entry.state === "open" && !shape.waypoints) {
        if (entry.late) late.push(shape);
        else focus.push(shape);
      }
      if (!entry.text || shape.waypoints) continue;
      const label = document.createElement("div");
      label.className = `diagram-note ${markers.join(" ")}`;
      label.textContent = entry.text;
      if (entry.label) label.title = entry.label;
      overlays.add(id, { position: { top: -14, left: 4 }, html: label });
    }
    this.focus = late[0] || focus[0];
  }

  // A long plan fitted into the box would be unreadable. Show what is late, else what is open, else
  // the start, as high as the lanes allow, and never beyond the drawing's own edge.
  centre(canvas) {
    const { inner } = canvas.viewbox();
    const box = { width: this.canvasBox.clientWidth, height: this.canvasBox.clientHeight };
    const whole = { x: inner.x - MARGIN, y: inner.y - MARGIN, width: inner.width + 2 * MARGIN, height: inner.height + 2 * MARGIN };
    const scale = Math.min(Math.max(box.height / whole.height, LEGIBLE), READABLE);
    const width = box.width / scale;
    const height = box.height / scale;
    const target = this.focus || { ...whole, width: 0, height: 0 };
    const along = (middle, size, start, length) =>
      size >= length ? start - (size - length) / 2 : Math.min(Math.max(middle - size / 2, start), start + length - size);
    canvas.viewbox({
      x: along(target.x + target.width / 2, width, whole.x, whole.width),
      y: along(target.y + target.height / 2, height, whole.y, whole.height),
      width,
      height,
    });
  }

  zoom(how) {
    const canvas = this.viewer.get("canvas");
    if (how === "fit") {
      canvas.zoom("fit-viewport", "auto");
      if (canvas.zoom() < LEGIBLE) this.centre(canvas);
    } else if (how === "all") canvas.zoom("fit-viewport", "auto");
    else canvas.zoom(canvas.zoom() * (how === "in" ? 1.25 : 0.8));
  }
}

for (const root of document.querySelectorAll("[data-diagram]")) {
  const diagram = new Diagram(root);
  const start = () =>
    diagram.load().catch(() => {
      if (diagram.note) {
        diagram.note.hidden = false;
        diagram.note.textContent = diagram.note.dataset.failed;
      }
    });
  // Drawn once it is in sight: a hidden box has no size to fit into.
  const watcher = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) {
      watcher.disconnect();
      start();
    }
  });
  watcher.observe(root);
  document.addEventListener("htmx:afterSwap", (event) => {
    if (diagram.current && event.target.id === root.dataset.follows) start();
  });
}
