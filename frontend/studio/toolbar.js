// The buttons above the canvas. Each does what a key of the editor does as well.
import { make, root, say } from "./page.js";
import { Steps } from "./steps.js";
import { taskKinds } from "./templates.js";

export class Toolbar {
  constructor(studio, message) {
    this.studio = studio;
    this.message = message;
    this.steps = new Steps(studio.modeler, (text) => message.show(text, "warning"));
    root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      if (button) this[button.dataset.do](button);
      const tab = event.target.closest("[data-file]");
      if (tab) studio.open(tab.dataset.file);
    });
    root.querySelector("[data-import]").addEventListener("change", (event) => this.take(event.target));
    // The search listens to keys only: words pasted, or chosen in an input method, come without one.
    root.addEventListener("input", ({ target }) => {
      if (target.closest(".djs-search-input")) target.dispatchEvent(new KeyboardEvent("keyup", { key: "Unidentified", bubbles: true }));
    });
    const menu = root.querySelector("[data-steps]");
    menu.append(...taskKinds.map((kind) => make("button", { type: "button", class: "dropdown-item", onclick: () => this.steps.add(kind) }, kind.name)));
    studio.modeler.on("commandStack.changed", () => this.refresh());
    studio.modeler.on("tokenSimulation.toggleMode", ({ active }) => this.simulating(active));
    this.refresh();
  }

  action(name, options) {
    this.studio.get("editorActions").trigger(name, options);
  }

  undo() {
    this.action("undo");
  }

  redo() {
    this.action("redo");
  }

  search() {
    // After the click itself, which would close what it opened.
    setTimeout(() => this.action("find"));
  }

  larger() {
    this.action("stepZoom", { value: 1 });
  }

  smaller() {
    this.action("stepZoom", { value: -1 });
  }

  fit() {
    this.studio.get("canvas").zoom("fit-viewport", "auto");
  }

  full() {
    if (document.fullscreenElement) document.exitFullscreen();
    else root.requestFullscreen();
  }

  lint(button) {
    button.setAttribute("aria-pressed", String(this.studio.get("linting").toggle()));
  }

  simulate() {
    this.studio.get("toggleMode").toggleMode();
  }

  export() {
    this.studio.download();
  }

  import() {
    root.querySelector("[data-import]").click();
  }

  async take(input) {
    const [file] = input.files;
    input.value = "";
    if (!file || !window.confirm(say("really_import", { name: file.name, file: this.studio.file }))) return;
    const before = (await this.studio.read()).xml;
    try {
      await this.studio.replace(await file.text());
      const back = make("button", { type: "button", class: "btn btn-sm", onclick: () => this.takeBack(before) }, say("take_back"));
      this.message.show(say("imported", { name: file.name }), "success", [back]);
    } catch {
      await this.studio.show(this.studio.file, before);
      this.message.show(say("not_read", { name: file.name }), "danger");
    }
  }

  async takeBack(before) {
    await this.studio.replace(before);
    this.message.hide();
  }

  simulating(active) {
    root.classList.toggle("simulating", active);
    root.querySelector("[data-do=simulate]").setAttribute("aria-pressed", String(active));
    if (active) this.message.show(say("simulating"), "info");
    else this.message.hide();
    this.refresh();
  }

  refresh() {
    const stack = this.studio.get("commandStack");
    const asleep = root.classList.contains("simulating");
    root.querySelector("[data-do=undo]").disabled = asleep || !stack.canUndo();
    root.querySelector("[data-do=redo]").disabled = asleep || !stack.canRedo();
    root.querySelector("[data-steps-button]").disabled = asleep;
    root.querySelector("[data-do=import]").disabled = asleep;
  }
}
