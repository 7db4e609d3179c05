// A line above the canvas that stays until it is closed; read out by screen readers.
import { make, root, say } from "./page.js";

export class Message {
  constructor() {
    this.box = root.querySelector("[data-message]");
  }

  show(text, kind = "info", actions = []) {
    const close = make("button", { type: "button", class: "btn-close", "aria-label": say("close"), onclick: () => this.hide() });
    const words = make("div", { class: "me-2" }, text);
    this.box.replaceChildren(make("div", { class: `alert alert-${kind} alert-dismissible`, role: "alert" }, words, ...actions.length ? [make("div", { class: "mt-2" }, ...actions)] : [], close));
  }

  hide() {
    this.box.replaceChildren();
  }
}
