// Decision tables: dmn-js on the files of a draft, saved as they are edited. The page and its data:
// views/studio_decisions.py.
import Modeler from "dmn-js/lib/Modeler";
import Viewer from "dmn-js/lib/NavigatedViewer";
import { DmnModdle } from "dmn-moddle";
import "dmn-js/dist/assets/diagram-js.css";
import "dmn-js/dist/assets/dmn-js-shared.css";
import "dmn-js/dist/assets/dmn-js-drd.css";
import "dmn-js/dist/assets/dmn-js-decision-table.css";
import "dmn-js/dist/assets/dmn-js-decision-table-controls.css";
import "dmn-js/dist/assets/dmn-js-literal-expression.css";
import "dmn-js/dist/assets/dmn-js-boxed-expression.css";
import "dmn-js/dist/assets/dmn-js-boxed-expression-controls.css";
import "dmn-js/dist/assets/dmn-font/css/dmn.css";
import "./decisions.css";
import "./forms.css";
import { watchWrittenStyles } from "../shims/written_styles.js";
import { Message } from "../studio/message.js";
import { data, english, make, root, say } from "../studio/page.js";
import { Saving } from "../studio/saving.js";
import { dictionary } from "./dictionary.js";
import { Trying } from "./trying.js";
import { completions, Variables } from "./variables.js";
import { hasComments, losses, otherVersion } from "./whole.js";

const table = english ? {} : dictionary;
const translate = (template, values = {}) =>
  (table[template] ?? template ?? "").replace(/{\s*([^}\s]+)\s*}/g, (whole, key) => values[key] ?? whole);
const common = { additionalModules: [{ translate: ["value", translate] }] };

class Decisions {
  constructor() {
    this.paper = root.querySelector("[data-paper]");
    this.state = root.querySelector("[data-state]");
    this.message = new Message();
    this.saving = new Saving(() => this.read(), (state, detail) => this.tell(state, detail));
    this.variables = new Variables(root, this.paper);
    this.trying = new Trying(root.querySelector("[data-try]"), () => this.saving.flush());
    this.findings = root.querySelector("[data-findings]");
    this.makers = {};
    root.addEventListener("click", (event) => {
      const { file, do: action, view } = event.target.closest("[data-file], [data-do], [data-view]")?.dataset ?? {};
      if (file) this.open(file);
      else if (view) this.view(view);
      else if (action) this[action]();
    });
    root.querySelector("[data-import]")?.addEventListener("change", (event) => this.take(event.target));
  }

  // The editor, or the viewer for who may not edit and for files that would lose something.
  maker(kind) {
    if (this.makers[kind]) return this.makers[kind];
    const box = make("div", { class: "decisions-sheet" });
    this.paper.append(box);
    const options = { container: box, common, drd: common, decisionTable: common, literalExpression: common, boxedExpression: common };
    const made = new (kind === "edit" ? Modeler : Viewer)(options);
    made.on("viewer.created", ({ viewer }) => this.created(viewer, kind));
    made.on("views.changed", () => made === this.now && this.changed());
    this.makers[kind] = { made, box };
    return this.makers[kind];
  }

  created(viewer, kind) {
    viewer.get("variableResolver", false)?.registerProvider({
      getVariables: (found) => found.concat(completions(this.file)),
    });
    if (kind !== "edit") return;
    viewer.on("commandStack.changed", ({ trigger }) => {
      if (["execute", "undo", "redo"].includes(trigger)) this.saving.touch();
    });
  }

  async open(name, wanted = "") {
    await this.saving.flush();
    if (this.saving.dirty) return; // what is not saved stays in sight
    const row = data.files.find((one) => one.name === name);
    const answer = await fetch(row.address);
    if (!answer.ok) throw new Error(String(answer.status));
    const xml = await answer.text();
    const version = otherVersion(xml);
    this.file = name;
    this.message.hide();
    this.mark();
    this.variables.show(name);
    if (version) {
      this.nothing(version === "?" ? say("unreadable", { message: "" }) : say("old_version", { version }));
      return;
    }
    await this.draw(xml, wanted);
    this.look();
  }

  async draw(xml, wanted) {
    let kind = data.may_edit ? "edit" : "read";
    const lost = await this.lost(xml).catch((error) => {
      this.nothing(say("unreadable", { message: error.message }));
      return null;
    });
    if (lost === null) return;
    if (lost.length) {
      kind = "read";
      this.message.show(say("strange", { message: lost.join(", ") }), "warning");
    } else if (kind === "edit" && hasComments(xml)) this.message.show(say("comments"));
    const { made, box } = this.maker(kind);
    for (const one of Object.values(this.makers)) one.box.hidden = one.box !== box;
    this.now = made;
    this.editing = kind === "edit";
    await made.importXML(xml, { open: false });
    const views = this.views();
    const first = views.find((view) => view.id === wanted) ?? views.find((view) => view.type !== "drd") ?? views[0];
    if (first) await made.open(first);
    // A table that is only read has no cell to stop at, yet must be scrolled by the keyboard.
    if (!this.editing) for (const wide of box.querySelectorAll(".tjs-table-container")) wide.tabIndex = 0;
    this.changed();
    for (const button of root.querySelectorAll("[data-do=undo], [data-do=redo]")) button.disabled = !this.editing;
    this.state.textContent = say(this.editing ? "saved" : "reading");
  }

  // Which elements would not survive being written, by name.
  async lost(xml) {
    const moddle = new DmnModdle();
    const { rootElement, warnings } = await moddle.fromXML(xml, "dmn:Definitions");
    if (warnings.length) return warnings.map((one) => one.message).slice(0, 2);
    return losses(xml, (await moddle.toXML(rootElement, { format: true })).xml);
  }

  nothing(text) {
    for (const { box } of Object.values(this.makers)) box.hidden = true;
    this.now = null;
    this.editing = false;
    this.trying.show(this.file, "");
    root.querySelector("[data-views]").replaceChildren();
    for (const button of root.querySelectorAll("[data-do=undo], [data-do=redo]")) button.disabled = true;
    this.state.textContent = say("reading");
    this.message.show(text, "warning");
  }

  async read() {
    const { xml } = await this.now.saveXML({ format: true });
    return { file: this.file, xml };
  }

  // Views with something to show: a file without a layout has no drawing.
  views() {
    return (this.now?.getViews() ?? []).filter(
      (view) => view.type !== "drd" || view.element.dmnDI?.diagrams?.[0]?.diagramElements?.length,
    );
  }

  view(id) {
    const found = this.views().find((view) => view.id === id);
    if (found) this.now.open(found);
  }

  changed() {
    const active = this.now.getActiveView();
    const buttons = this.views().map((view) =>
      make("button", { type: "button", class: view.id === active?.id ? "btn active" : "btn", "data-view": view.id, "aria-pressed": String(view.id === active?.id) },
        view.type === "drd" ? say("drd") : view.name || view.id));
    // The drawing stands last: the table is what people come for.
    const drawn = this.views().findIndex((view) => view.type === "drd");
    if (drawn >= 0) buttons.push(...buttons.splice(drawn, 1));
    const box = root.querySelector("[data-views]");
    const focused = box.contains(document.activeElement) && document.activeElement.dataset.view;
    box.replaceChildren(...buttons);
    if (focused) box.querySelector(`[data-view="${CSS.escape(focused)}"]`)?.focus();
    const decision = ["decisionTable", "literalExpression"].includes(active?.type) ? active.id : "";
    this.trying.show(this.file, decision);
  }

  mark() {
    for (const button of root.querySelectorAll("[data-file]")) {
      const here = button.dataset.file === this.file;
      button.classList.toggle("active", here);
      if (here) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  undo() {
    this.now?.getActiveViewer().get("commandStack").undo();
  }

  redo() {
    this.now?.getActiveViewer().get("commandStack").redo();
  }

  async export() {
    await this.saving.flush();
    const row = data.files.find((one) => one.name === this.file);
    make("a", { href: row.address, download: this.file.split("/").pop() }).click();
  }

  import() {
    root.querySelector("[data-import]").click();
  }

  async take(input) {
    const [file] = input.files;
    if (!file) return;
    const xml = await file.text();
    input.value = "";
    const fails = (message) => this.message.show(say("import_wrong", { message }), "danger");
    if (otherVersion(xml)) return fails("");
    const lost = await this.lost(xml).catch((error) => [error.message]);
    if (lost.length) return fails(lost.join(", "));
    await this.saving.flush();
    await this.draw(xml, "");
    this.saving.touch();
    await this.saving.flush();
    this.message.show(say("imported", { file: file.name }), "success");
  }

  tell(state, detail = {}) {
    this.state.textContent = say(state);
    this.state.dataset.state = state;
    if (state === "saved") {
      this.look();
      const active = this.now?.getActiveView();
      if (active?.type !== "drd") this.trying.show(this.file, active?.id ?? "");
      if (detail.others?.length) this.message.show(say("others", { names: detail.others.join(", ") }), "warning");
    }
    if (state !== "moved" && state !== "refused") return;
    const again = make("button", { type: "button", class: "btn btn-sm", onclick: () => this.reload() }, say("reload"));
    this.message.show(detail.message ?? say(state), "danger", [again]);
  }

  reload() {
    this.saving.forget();
    location.reload();
  }

  // What the server finds in this file.
  async look() {
    const answer = await fetch(data.findings, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return;
    const rows = (await answer.json()).findings.filter((row) => row.file === this.file);
    this.findings.hidden = rows.length === 0;
    this.findings.querySelector("[data-count]").textContent = rows.length;
    this.findings.querySelector("ul").replaceChildren(
      ...rows.map((row) =>
        make("li", { class: "mb-1" },
          make("span", { class: `badge ${row.severity === "error" ? "bg-red-lt" : "bg-orange-lt"}` }, say(`severity_${row.severity}`)), " ", row.text)),
    );
  }
}

watchWrittenStyles();
const decisions = new Decisions();
const failed = (error) => decisions.nothing(say("unreadable", { message: error.message }));
decisions.open(data.start, data.element).catch(failed);
