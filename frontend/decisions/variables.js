// What a cell may name: completed while typing, and listed beside the table.
import { data, make, say } from "../studio/page.js";

const rowsOf = (file) => data.files.find((one) => one.name === file)?.variables ?? [];

// Dotted names as the FEEL editor completes them: a context with entries.
export function completions(file) {
  const top = new Map();
  const rows = rowsOf(file).map((row) => [row.name.split("."), row]);
  for (const [path, row] of rows.sort((a, b) => a[0].length - b[0].length)) {
    let level = top;
    path.forEach((name, depth) => {
      if (!level.has(name)) level.set(name, { name, detail: "context", info: "", inner: new Map() });
      const entry = level.get(name);
      if (depth === path.length - 1) Object.assign(entry, { detail: row.type || "", info: row.label || "" });
      level = entry.inner;
    });
  }
  const plain = (level) =>
    [...level.values()].map(({ inner, ...entry }) => (inner.size ? { ...entry, entries: plain(inner) } : entry));
  return plain(top);
}

export class Variables {
  constructor(root, paper) {
    this.list = root.querySelector("[data-variables]");
    this.told = root.querySelector("[data-told]");
    this.search = root.querySelector("[data-search]");
    this.paper = paper;
    this.search.addEventListener("input", () => this.filter());
    // The cell being edited keeps the caret.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-name]");
      if (button) this.use(button.dataset.name);
    });
  }

  show(file) {
    const rows = rowsOf(file);
    const line = (row) => {
      const options = row.options.map(({ value, label }) => make("li", {}, this.button(`"${value}"`, label === value ? "" : label)));
      const inner = options.length ? [make("ul", { class: "decisions-variables" }, ...options)] : [];
      return make("li", {}, this.button(row.name, row.label, row.detail), ...inner);
    };
    this.list.replaceChildren(...(rows.length ? rows.map(line) : [make("li", { class: "text-secondary" }, say("no_variables"))]));
    this.filter();
  }

  button(name, label, detail = "") {
    const words = [make("code", {}, name)];
    if (label) words.push(make("span", {}, label));
    if (detail) words.push(make("span", { class: "text-secondary" }, detail));
    return make("button", { type: "button", class: "decisions-variable", "data-name": name }, ...words);
  }

  filter() {
    const wanted = this.search.value.trim().toLowerCase();
    for (const item of this.list.children) item.hidden = !item.textContent.toLowerCase().includes(wanted);
  }

  async use(name) {
    const cell = document.activeElement;
    const typing = this.paper.contains(cell) && (cell.isContentEditable || cell.matches("input:not([type=checkbox]), textarea"));
    if (data.may_edit && typing && document.execCommand("insertText", false, name)) {
      this.told.textContent = say("inserted", { name });
      return;
    }
    await navigator.clipboard?.writeText(name).then(() => (this.told.textContent = say("copied", { name })), () => {});
  }
}
