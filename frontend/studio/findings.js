// What the server found in the draft: a list, each line leading to its element, and a mark on it.
import { data, make, say } from "./page.js";

const MARKS = { error: "finding-error", warning: "finding-warning" };

export class Findings {
  constructor(box, modeler, open) {
    this.box = box;
    this.modeler = modeler;
    this.open = open;
    this.rows = [];
    this.marked = [];
    modeler.on("import.done", () => {
      this.marked = [];
      this.mark();
    });
  }

  async load() {
    const answer = await fetch(data.findings, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return;
    this.rows = (await answer.json()).findings;
    this.draw();
    this.mark();
  }

  draw() {
    const lines = this.rows.map((row) => {
      const say_ = make("span", {}, row.text);
      const fix = row.fix ? [make("span", { class: "finding-fix" }, row.fix)] : [];
      const kind = make("span", { class: `badge ${row.severity === "error" ? "bg-red-lt" : "bg-yellow-lt"}` }, say(`severity_${row.severity}`));
      const words = [kind, say_, ...fix];
      const drawn = row.element && data.files.some((file) => file.name === row.file);
      const inner = drawn
        ? make("button", { type: "button", class: "finding-line", onclick: () => this.open(row.file, row.element) }, ...words)
        : make("div", { class: "finding-line" }, ...words);
      return make("li", {}, inner);
    });
    this.box.querySelector("[data-count]").textContent = this.rows.length;
    this.box.querySelector("[data-none]").hidden = lines.length > 0;
    this.box.querySelector("ul").replaceChildren(...lines);
  }

  mark() {
    const canvas = this.modeler.get("canvas");
    const registry = this.modeler.get("elementRegistry");
    for (const [id, mark] of this.marked) if (registry.get(id)) canvas.removeMarker(id, mark);
    this.marked = this.rows
      .filter((row) => row.file === this.file && MARKS[row.severity] && registry.get(row.element?.split("/").pop() ?? ""))
      .map((row) => [row.element.split("/").pop(), MARKS[row.severity]]);
    for (const [id, mark] of this.marked) canvas.addMarker(id, mark);
  }
}
