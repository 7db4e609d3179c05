// The marks on the scrubber: a shape of its own for each kind, so that colour is never all there is.
// Paths are drawn in a box of 12 by 12; `row` keeps what belongs together in one line.
export const SHAPES = {
  met: { row: 0, path: "M1 6.5 4.5 10 11 2.5", open: true },
  missed: { row: 0, path: "M6 1 11 10.5H1Z", open: true },
  late: { row: 0, path: "M6 0.5 11.6 11H0.4Z" },
  escalation: { row: 0, path: "M6 0.5 11 6H8v5.5H4V6H1Z" },
  statement: { row: 1, path: "M2.5 1h7v10h-7Z", open: true },
  approval: { row: 1, path: "M6 1a5 5 0 1 1 0 10 5 5 0 0 1 0-10Z" },
  release: { row: 1, path: "M6 .3 7.7 4.2 11.8 4.6 8.7 7.4 9.6 11.5 6 9.3 2.4 11.5 3.3 7.4.2 4.6 4.3 4.2Z" },
  decision: { row: 2, path: "M6 .5 11.5 6 6 11.5.5 6Z" },
  migration: { row: 2, path: "M1 1h3.5v10H1ZM7.5 1H11v10H7.5Z" },
  entered_later: { row: 2, path: "M10.5 6A4.5 4.5 0 1 1 6 1.5M6 3.5V6l2 1.5", open: true },
};
const ROWS = 3;
const ROW_HEIGHT = 15;
// The thumb of a range is this wide: its middle never comes nearer to the edge than half of it.
const THUMB = 18;

const SVG = "http://www.w3.org/2000/svg";

export function drawLegend(root, counts) {
  for (const svg of root.querySelectorAll("svg[data-mark]")) {
    const shape = SHAPES[svg.dataset.mark];
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", shape.path);
    path.setAttribute("class", shape.open ? "is-outline" : "is-filled");
    svg.replaceChildren(path);
    if (counts && !counts[svg.dataset.mark]) svg.parentElement.classList.add("is-absent");
  }
}

// One line of marks. `marks` are [position, kind]; `length` is the last position.
export class MarkStrip {
  constructor(canvas, { names, onPick, say }) {
    this.canvas = canvas;
    this.names = names;
    this.label = canvas.getAttribute("aria-label");
    this.say = say;
    this.marks = [];
    this.length = 1;
    this.at = 0;
    this.shapes = Object.fromEntries(Object.entries(SHAPES).map(([kind, { path }]) => [kind, new Path2D(path)]));
    new ResizeObserver(() => this.redraw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
    canvas.addEventListener("click", (event) => {
      const mark = this.near(event);
      onPick(mark ? mark[0] : this.positionAt(event.offsetX));
    });
    canvas.addEventListener("pointermove", (event) => {
      const mark = this.near(event);
      canvas.title = mark ? this.say(mark) : "";
      canvas.classList.toggle("is-on-mark", Boolean(mark));
    });
  }

  set(marks, length) {
    this.marks = marks;
    this.length = Math.max(length, 1);
    const counts = {};
    for (const [, kind] of marks) counts[kind] = (counts[kind] ?? 0) + 1;
    const words = Object.entries(this.names).filter(([kind]) => counts[kind]).map(([kind, name]) => `${name} ${counts[kind]}`);
    this.canvas.setAttribute("aria-label", [this.label, ...words].join(" · "));
    this.redraw();
    return counts;
  }

  x(position) {
    return THUMB / 2 + (position / this.length) * (this.canvas.clientWidth - THUMB);
  }

  positionAt(x) {
    return Math.round(((x - THUMB / 2) / (this.canvas.clientWidth - THUMB)) * this.length);
  }

  near({ offsetX, offsetY }) {
    let best = null;
    let distance = 8;
    for (const mark of this.marks) {
      if (SHAPES[mark[1]].row !== Math.floor(offsetY / ROW_HEIGHT)) continue;
      const away = Math.abs(this.x(mark[0]) - offsetX);
      if (away < distance) [best, distance] = [mark, away];
    }
    return best;
  }

  redraw() {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    if (!width) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(ROWS * ROW_HEIGHT * ratio);
    // The picture is kept aside: moving the position lays it down again and draws a line over it.
    this.picture = document.createElement("canvas");
    this.picture.width = canvas.width;
    this.picture.height = canvas.height;
    const pen = this.picture.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(canvas);
    const colours = Object.fromEntries(Object.keys(SHAPES).map((kind) => [kind, style.getPropertyValue(`--mark-${kind}`).trim()]));
    pen.fillStyle = style.getPropertyValue("--mark-rule").trim();
    for (let row = 0; row < ROWS; row += 1) pen.fillRect(THUMB / 2, row * ROW_HEIGHT + ROW_HEIGHT / 2, width - THUMB, 1);
    // Of marks that would lie on one another the first is drawn.
    const last = {};
    for (const [position, kind] of this.marks) {
      const x = this.x(position);
      if (last[kind] !== undefined && x - last[kind] < 1.5) continue;
      last[kind] = x;
      const { row, open } = SHAPES[kind];
      pen.save();
      pen.translate(x - 6, row * ROW_HEIGHT + 1.5);
      pen.lineWidth = 1.8;
      pen.strokeStyle = pen.fillStyle = colours[kind];
      if (open) {
        pen.stroke(this.shapes[kind]);
      } else {
        pen.fill(this.shapes[kind]);
      }
      pen.restore();
    }
    this.here = style.getPropertyValue("--mark-here").trim();
    this.move(this.at);
  }

  move(position) {
    this.at = position;
    if (!this.picture) return;
    const ratio = window.devicePixelRatio || 1;
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.drawImage(this.picture, 0, 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = this.here;
    pen.fillRect(this.x(position) - 1, 0, 2, ROWS * ROW_HEIGHT);
  }
}
