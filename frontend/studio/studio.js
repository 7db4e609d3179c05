// One draft's diagrams on the page: which file is open, and what reading and writing it means.
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";
import { makeModeler } from "./editor.js";
import { Findings } from "./findings.js";
import { lostIn, putBack } from "./keeping.js";
import { speakLater } from "./late_words.js";
import { data, make, root, say } from "./page.js";
import { Saving } from "./saving.js";

// Below this scale names cannot be read. The palette takes this much of the box, in pixels.
const LEGIBLE = 0.5;
const PALETTE = 130;

const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)));

export class Studio {
  constructor(message) {
    this.message = message;
    speakLater(root.querySelector(".studio-desk"));
    this.modeler = makeModeler(root.querySelector("[data-canvas]"), root.querySelector("[data-panel]"));
    this.lost = [];
    this.file = "";
    this.saving = new Saving(() => this.read(), (state, detail) => this.tell(state, detail));
    this.findings = new Findings(root.querySelector("[data-findings]"), this.modeler, (file, element) => this.open(file, element));
    this.modeler.on("commandStack.changed", ({ trigger }) => {
      if (trigger !== "clear") this.saving.touch();
    });
    this.modeler.on("element.dblclick", 2000, ({ element }) => this.enter(element));
  }

  get(name) {
    return this.modeler.get(name);
  }

  // A called process opens as the modeler's own sub-processes do.
  enter(element) {
    if (!is(element, "bpmn:CallActivity") || element.labelTarget) return undefined;
    const called = data.processes.find(({ key }) => key === getBusinessObject(element).get("calledElement"));
    if (!called?.file) return undefined;
    this.open(called.file);
    return false; // no editing of the name as well
  }

  async open(name, element = "") {
    if (name !== this.file) {
      await this.saving.flush();
      if (this.saving.dirty) return; // what could not be saved is not thrown away
      const file = data.files.find((one) => one.name === name);
      const answer = await fetch(file.address);
      if (!answer.ok) throw new Error(String(answer.status));
      await this.show(name, await answer.text());
    }
    if (!element) return;
    await painted(); // the panel follows the selection only once it has been drawn
    this.focus(element.split("/").pop());
  }

  async show(name, xml) {
    const { warnings } = await this.modeler.importXML(xml);
    this.file = name;
    this.findings.file = name;
    this.findings.mark();
    this.lost = lostIn(xml);
    for (const tab of root.querySelectorAll("[data-file]")) {
      const here = tab.dataset.file === name;
      tab.classList.toggle("active", here);
      if (here) tab.setAttribute("aria-current", "true");
      else tab.removeAttribute("aria-current");
    }
    this.fit();
    // What the reader could not place, unless it is put back on saving.
    const kept = ({ message }) => this.lost.some(({ node }) => message.includes(`<${node.nodeName}>`));
    const serious = warnings.filter((warning) => !kept(warning));
    if (serious.length) this.message.show(say("not_all_read", { n: serious.length }), "warning");
  }

  // In place of the open file: a file made elsewhere. Saved as any other change.
  async replace(xml) {
    await this.show(this.file, xml);
    this.saving.touch();
  }

  async read() {
    const { xml } = await this.modeler.saveXML({ format: true });
    return { file: this.file, xml: putBack(xml, this.lost) };
  }

  fit() {
    const canvas = this.get("canvas");
    canvas.zoom("fit-viewport", "auto");
    if (canvas.zoom() >= LEGIBLE) return;
    // A long plan fitted into the box could not be read: its beginning, as high as the box allows.
    const { inner } = canvas.viewbox();
    const box = root.querySelector("[data-canvas]");
    const scale = Math.min(Math.max(box.clientHeight / (inner.height + 60), LEGIBLE), 0.8);
    const beside = box.querySelector(".djs-palette")?.offsetWidth ? PALETTE : 20;
    canvas.viewbox({ x: inner.x - beside / scale, y: inner.y - 30, width: box.clientWidth / scale, height: box.clientHeight / scale });
  }

  focus(id) {
    const element = this.get("elementRegistry").get(id);
    if (!element) return;
    const canvas = this.get("canvas");
    const rootElement = canvas.findRoot(element);
    if (rootElement && rootElement !== canvas.getRootElement()) canvas.setRootElement(rootElement);
    if (canvas.zoom() < LEGIBLE) canvas.zoom(0.8);
    canvas.scrollToElement(element, { top: 120, bottom: 120, left: 160, right: 120 });
    this.get("selection").select(element);
  }

  tell(state, detail = {}) {
    const note = root.querySelector("[data-state]");
    note.dataset.state = state;
    note.textContent = say(`state_${state}`);
    if (state === "saved") {
      this.findings.load();
      this.others(detail.others ?? []);
    }
    if (state === "moved") this.message.show(detail.message || say("state_moved"), "danger", this.wayOut());
    if (state === "refused") this.message.show(detail.message || say("state_refused"), "danger", this.wayOut());
  }

  // Mine cannot be saved: keep it as a file, or take what the server has.
  wayOut() {
    return [
      make("button", { type: "button", class: "btn btn-sm", onclick: () => this.download() }, say("keep_mine")),
      make("button", { type: "button", class: "btn btn-sm ms-2", onclick: () => { this.saving.forget(); location.reload(); } }, say("reload")),
    ];
  }

  others(names) {
    const note = root.querySelector("[data-others]");
    note.hidden = names.length === 0;
    note.textContent = names.length ? say("others_editing", { names: names.join(say("and")) }) : "";
  }

  async download() {
    const { file, xml } = await this.read();
    const address = URL.createObjectURL(new Blob([xml], { type: "application/xml" }));
    make("a", { href: address, download: file.split("/").pop() }).click();
    URL.revokeObjectURL(address);
  }
}
