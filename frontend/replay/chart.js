// The line on the chart that says how far the replay is. The chart itself comes drawn.
export class Chart {
  constructor(root) {
    this.scale = Number(root.dataset.scale);
    this.unit = Number(root.dataset.unit);
    this.lines = root.querySelectorAll("[data-cursor]");
    for (const tick of root.querySelectorAll("[data-x]")) tick.style.left = `${Number(tick.dataset.x) / 10}%`;
  }

  move(seconds) {
    const x = this.scale * Math.log1p(seconds / this.unit);
    for (const line of this.lines) {
      line.setAttribute("x1", x);
      line.setAttribute("x2", x);
    }
  }
}
