// One drawing: how its elements stand, the tokens on it, and tokens on their way.
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import { is } from "bpmn-js/lib/util/ModelUtil";
import { inLanguage } from "../diagram/language.js";
import wideLabels from "../diagram/wide_labels.js";
import { CANCELLED, DONE, OPEN } from "./course.js";

const SVG = "http://www.w3.org/2000/svg";
const LEGIBLE = 0.5;
const READABLE = 0.85;
const MARGIN = 30;
const MOST_DOTS = 4;

const texts = new Map(); // address -> the file's text, read once

function read(address) {
  if (!texts.has(address)) {
    const reading = fetch(address).then((answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.text();
    });
    reading.catch(() => texts.delete(address));
    texts.set(address, reading);
  }
  return texts.get(address);
}

const drawn = (name, attributes, text) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
};

export class Sheet {
  // `about`: { title, source, ... } of the frames; `elements`: element id -> path indices of it;
  // `flows`: flow id -> indices of it among the flows taken.
  constructor(home, about, elements, flows, words) {
    Object.assign(this, { about, elements, flows, words });
    this.box = document.createElement("div");
    this.box.className = "replay-canvas";
    home.append(this.box);
    this.viewer = new NavigatedViewer({ container: this.box, additionalModules: [wideLabels] });
    this.marked = new Map(); // element id -> markers
    this.badges = new Map(); // element id -> { sign, node }
    this.ready = this.load();
  }

  async load() {
    await this.viewer.importXML(inLanguage(await read(this.about.source)));
    this.canvas = this.viewer.get("canvas");
    // It takes the keyboard, to be moved about: what it is must be said.
    this.canvas.getContainer().querySelector("svg").setAttribute("aria-label", this.about.title);
    this.registry = this.viewer.get("elementRegistry");
    this.layer = this.canvas.getLayer("planroom-replay", 2000);
  }

  remove() {
    this.stop();
    this.viewer.destroy();
    this.box.remove();
  }

  // `fresh`: ids of what the event at hand moved; `now`: id of the element it happened at.
  draw(course, rounds, lateInside, fresh, now) {
    const { taken } = course.state;
    for (const [id, paths] of this.elements) {
      const shape = this.registry.get(id);
      if (!shape) continue;
      const found = course.standing(paths, rounds);
      this.mark(id, this.markers(shape, found, lateInside(paths, found), fresh.has(id), id === now));
      this.badge(shape, found);
    }
    for (const [id, numbers] of this.flows) {
      if (!this.registry.get(id)) continue;
      const been = numbers.some((number) => taken[number]);
      this.mark(id, been ? ["is-done", ...(fresh.has(id) ? ["is-fresh"] : [])] : []);
    }
  }

  markers(shape, found, late, fresh, now) {
    const names = [];
    if (found.state === OPEN) names.push(late ? "is-late" : "is-open");
    if (found.state === DONE) names.push("is-done", ...(found.late ? ["is-done-late"] : []));
    if (found.state === CANCELLED) names.push("is-cancelled");
    if (names.length && is(shape, "bpmn:SubProcess") && !shape.collapsed) names.push("is-frame");
    if (fresh) names.push("is-fresh");
    if (now) names.push("is-now");
    return names;
  }

  // Only what has changed is touched: the drawing has a hundred elements, a step changes three.
  mark(id, names) {
    const before = this.marked.get(id) ?? [];
    if (before.length === names.length && before.every((name, n) => name === names[n])) return;
    for (const name of before) if (!names.includes(name)) this.canvas.removeMarker(id, name);
    for (const name of names) if (!before.includes(name)) this.canvas.addMarker(id, name);
    this.marked.set(id, names);
  }

  badge(shape, { passes, rounds, late, state }) {
    const sign = `${passes}|${rounds.join()}|${late}|${state}`;
    const before = this.badges.get(shape.id);
    if (before?.sign === sign) return;
    before?.node?.remove();
    const node = drawn("g", { class: "replay-badge", transform: `translate(${shape.x} ${shape.y})` });
    const said = [];
    if (passes > 1) {
      const text = `×${passes}`;
      const width = 12 + 7 * text.length;
      const pill = drawn("g", { class: "replay-passes", transform: `translate(${shape.width - width + 6} ${shape.height - 8})` });
      pill.append(drawn("rect", { width, height: 16, rx: 8 }), drawn("text", { x: width / 2, y: 12 }, text));
      node.append(pill);
      said.push(this.words.passes.replace("{n}", passes));
    }
    rounds.slice(0, MOST_DOTS).forEach((round, n) => {
      const dot = drawn("g", { class: "replay-token", transform: `translate(${3 + n * 19} 0)` });
      dot.append(drawn("circle", { r: 9 }));
      const label = n === MOST_DOTS - 1 && rounds.length > MOST_DOTS ? `+${rounds.length - n}` : round > 1 ? String(round) : "";
      if (label) dot.append(drawn("text", { y: 4 }, label));
      node.append(dot);
    });
    if (rounds.length) said.push(this.words.here, this.words.round.replace("{n}", rounds.join(", ")));
    if (said.length) node.append(drawn("title", {}, said.join(" · ")));
    if (node.childNodes.length) this.layer.append(node);
    this.badges.set(shape.id, { sign, node: node.childNodes.length ? node : null });
  }

  // Tokens run along the flows in the order taken: what follows from one another one after the
  // other, what parts at a gateway at the same time.
  travel(ids, duration) {
    this.stop();
    const legs = [];
    for (const id of ids) {
      const flow = this.registry.get(id);
      if (!flow?.waypoints) continue;
      const before = legs.filter((leg) => leg.flow.target === flow.source).map((leg) => leg.level);
      legs.push({ flow, level: before.length ? Math.max(...before) + 1 : 0, route: measured(flow.waypoints) });
    }
    if (!legs.length) return;
    const levels = Math.max(...legs.map((leg) => leg.level)) + 1;
    const arriving = legs.map((leg) => this.badges.get(leg.flow.target.id)?.node).filter(Boolean);
    for (const node of arriving) node.classList.add("is-arriving");
    for (const leg of legs) {
      leg.node = drawn("circle", { class: "replay-runner", r: 9 });
      leg.node.setAttribute("visibility", "hidden");
      this.layer.append(leg.node);
    }
    const begun = performance.now();
    const each = duration / levels;
    const tick = (time) => {
      const at = (time - begun) / each;
      for (const { level, node, route } of legs) {
        const part = at - level;
        node.setAttribute("visibility", part >= 0 && part < 1 ? "visible" : "hidden");
        if (part < 0 || part >= 1) continue;
        const { x, y } = along(route, part < 0.5 ? 2 * part * part : 1 - 2 * (1 - part) ** 2);
        node.setAttribute("cx", x);
        node.setAttribute("cy", y);
      }
      if (at >= levels) this.stop();
      else this.moving.frame = requestAnimationFrame(tick);
    };
    this.moving = {
      frame: requestAnimationFrame(tick),
      end: () => {
        for (const { node } of legs) node.remove();
        for (const node of arriving) node.classList.remove("is-arriving");
      },
    };
  }

  stop() {
    if (!this.moving) return;
    cancelAnimationFrame(this.moving.frame);
    this.moving.end();
    this.moving = null;
  }

  // Names must be legible: what would become too small is shown in part, around `id`.
  fit(id) {
    this.canvas.zoom("fit-viewport", "auto");
    if (this.canvas.zoom() >= LEGIBLE) return;
    const { inner } = this.canvas.viewbox();
    const scale = Math.min(Math.max(this.box.clientHeight / (inner.height + 2 * MARGIN), LEGIBLE), READABLE);
    const shape = this.registry.get(id) ?? { ...inner, width: 0, height: 0 };
    this.centre(shape, scale, inner);
  }

  centre(shape, scale, inner) {
    const width = this.box.clientWidth / scale;
    const height = this.box.clientHeight / scale;
    const along_ = (middle, size, start, length) =>
      size >= length ? start - (size - length) / 2 : Math.min(Math.max(middle - size / 2, start), start + length - size);
    this.canvas.viewbox({
      x: along_(shape.x + shape.width / 2, width, inner.x - MARGIN, inner.width + 2 * MARGIN),
      y: along_(shape.y + shape.height / 2, height, inner.y - MARGIN, inner.height + 2 * MARGIN),
      width,
      height,
    });
  }

  // The reader's own view is left alone unless the element lies outside of it.
  see(id) {
    const shape = this.registry.get(id);
    if (!shape || shape.waypoints) return;
    const view = this.canvas.viewbox();
    // Of a frame larger than the view any part will do.
    if (shape.width > view.width * 0.9 || shape.height > view.height * 0.9) return;
    const inside = shape.x >= view.x && shape.y >= view.y && shape.x + shape.width <= view.x + view.width && shape.y + shape.height <= view.y + view.height;
    if (!inside) this.centre(shape, view.scale, view.inner);
  }

  zoom(how) {
    if (how === "all") this.canvas.zoom("fit-viewport", "auto");
    else this.canvas.zoom(this.canvas.zoom() * (how === "in" ? 1.25 : 0.8));
  }
}

function measured(points) {
  const lengths = [0];
  for (let n = 1; n < points.length; n += 1) {
    lengths.push(lengths[n - 1] + Math.hypot(points[n].x - points[n - 1].x, points[n].y - points[n - 1].y));
  }
  return { points, lengths };
}

function along({ points, lengths }, part) {
  const wanted = part * lengths.at(-1);
  const n = Math.max(1, lengths.findIndex((length) => length >= wanted));
  const share = (wanted - lengths[n - 1]) / (lengths[n] - lengths[n - 1] || 1);
  return {
    x: points[n - 1].x + (points[n].x - points[n - 1].x) * share,
    y: points[n - 1].y + (points[n].y - points[n - 1].y) * share,
  };
}
