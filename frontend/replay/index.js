// A case replayed on its own diagrams; two cases side by side; a case beside its plan's median.
//
// [data-replay=URL] is a case with its details, [data-compare] two of them ([data-side=URL] each).
// URL answers the frames (services/replay.py); the details are fetched around the position.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "../diagram/diagram.css";
import "./replay.css";
import "./gantt.css";
import { Chart } from "./chart.js";
import { Course } from "./course.js";
import { Dock } from "./dock.js";
import { Notes } from "./notes.js";
import { Paper } from "./paper.js";
import { moment, since } from "./spans.js";
import { together } from "./together.js";

async function courseAt(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return new Course(await answer.json());
}

// The address names the event, without filling the browser's history.
function addressed(course) {
  let waiting;
  return (position) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const address = new URL(window.location.href);
      if (position > 0) address.searchParams.set("at", course.frames.seq[position - 1]);
      else address.searchParams.delete("at");
      window.history.replaceState(window.history.state, "", address);
    }, 300);
  };
}

class Side {
  constructor(drawing, details, words, { zone, live }) {
    this.words = words;
    this.zone = zone;
    this.paper = new Paper(drawing.querySelector("[data-side-paper]"), words);
    const now = details.querySelector("[data-now]");
    this.notes = new Notes({ now, near: details.querySelector("[data-near]"), live, words, zone, onPick: (at) => this.onPick?.(at) });
  }

  open(course) {
    this.course = course;
    this.paper.open(course);
    this.notes.open(course);
  }

  show(position, how, announce) {
    this.course.seek(position);
    this.notes.show(position, announce);
    return this.paper.show(position, how);
  }

  text(position) {
    const { length } = this.course;
    return this.words.position.replace("{n}", position).replace("{all}", length);
  }

  // Where it stands, in the boxes of `root`.
  tell(position, root) {
    const set = (what, text) => {
      const box = root.querySelector(`[data-${what}]`);
      if (box) box.textContent = text;
    };
    const { recorded } = this.course.frames;
    set("position", this.text(position));
    set("moment", position > 0 ? moment(recorded[position - 1], this.zone) : this.words.start);
    set("since", position > 0 ? since(this.words, this.course.elapsed(position)) : "");
  }
}

async function one(root) {
  const words = JSON.parse(root.dataset.words);
  const dock = new Dock(root, words, JSON.parse(root.dataset.kinds));
  const side = new Side(root.querySelector("[data-side]"), root.querySelector("[data-side-details]"), words, {
    zone: root.dataset.zone,
    live: dock.live,
  });
  const course = await courseAt(root.dataset.replay);
  side.open(course);
  const chart = document.querySelector("[data-chart]");
  const cursor = chart && new Chart(chart);
  const address = cursor ? null : addressed(course);
  const { recorded, marks } = course.frames;
  const line = {
    length: course.length,
    gap: (at) => (at > 1 ? recorded[at - 1] - recorded[at - 2] : 0),
    valueText: (at) => `${side.text(at)} ${at > 0 ? since(words, course.elapsed(at)) : ""}`,
    next: (kinds, at) => course.next(kinds, at),
    strips: [marks.map(([index, kind]) => [index + 1, kind])],
    move: (at, how) => {
      side.tell(at, dock.box);
      cursor?.move(course.elapsed(at));
      address?.(at);
      return side.show(at, how, !dock.quiet);
    },
  };
  side.onPick = (at) => dock.player.go(at);
  dock.open(line, course.positionOf(Number(root.dataset.at) || 1));
}

async function two(root) {
  const words = JSON.parse(root.dataset.words);
  const dock = new Dock(root, words, JSON.parse(root.dataset.kinds));
  const boxes = [...root.querySelectorAll("[data-side]")];
  const details = [...root.querySelectorAll("[data-side-details]")];
  const sides = boxes.map((box, n) => new Side(box, details[n], words, { zone: root.dataset.zone }));
  const courses = await Promise.all(boxes.map((box) => courseAt(box.dataset.side)));
  courses.forEach((course, n) => sides[n].open(course));
  const line = together(courses);
  line.valueText = (at) => (at > 0 ? since(words, line.seconds(at)) : words.start);
  line.move = (at, how) => {
    dock.box.querySelector("[data-position]").textContent = line.valueText(at);
    sides.forEach((side, n) => {
      const position = line.positions(at)[n];
      side.tell(position, details[n]);
      side.show(position, how, false);
    });
  };
  dock.open(line, Math.min(1, line.length));
}

function start(root, work) {
  work(root).catch(() => {
    const { failed } = JSON.parse(root.dataset.words);
    for (const note of root.querySelectorAll("[data-note]")) {
      note.hidden = false;
      note.textContent = failed;
    }
  });
}

for (const root of document.querySelectorAll("[data-replay]")) start(root, one);
for (const root of document.querySelectorAll("[data-compare]")) start(root, two);
