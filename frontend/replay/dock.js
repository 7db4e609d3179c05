// The dock: scrubber with its marks, buttons, keys. What they move is a line of positions:
// { length, gap(n), move(n, {duration}), valueText(n), next(kinds, n), strips: [marks per canvas] }
import { drawLegend, MarkStrip } from "./marks.js";
import { Player, SPEEDS } from "./player.js";

const JUMPS = {
  late: ["late", "missed"],
  approval: ["approval"],
  release: ["release"],
  decision: ["decision"],
};
const KEYS = { l: "late", a: "approval", s: "release", d: "decision" };
const STORED = "planroom.replay.keys";

export class Dock {
  constructor(root, words, kinds) {
    this.root = root;
    this.words = words;
    this.kinds = kinds;
    const find = (what) => root.querySelector(`[data-${what}]`);
    this.box = find("dock");
    this.scrub = find("scrub");
    this.speed = find("speed");
    this.pace = find("pace");
    this.live = find("live");
    this.said = find("said");
    this.help = find("keys");
    this.single = find("single-keys");
    this.playButton = root.querySelector("[data-go=play]");
  }

  open(line, position) {
    this.line = line;
    this.player = new Player(line, () => this.playing());
    const { move } = line;
    // Whoever moves, the scrubber shows where.
    line.move = (at, how) => {
      this.scrub.value = at;
      this.scrub.setAttribute("aria-valuetext", line.valueText(at));
      this.scrub.style.setProperty("--part", `${(at / Math.max(line.length, 1)) * 100}%`);
      for (const strip of this.strips) strip.move(at);
      this.said.textContent = "";
      return move(at, how);
    };
    this.scrub.max = line.length;
    this.scrub.disabled = !line.length;
    const counts = {};
    this.strips = [...this.box.querySelectorAll("[data-marks]")].map((canvas, n) => {
      const strip = new MarkStrip(canvas, {
        names: this.kinds,
        onPick: (at) => this.player.go(at),
        say: ([at, kind]) => this.words.mark.replace("{kind}", this.kinds[kind]).replace("{n}", at),
      });
      for (const [kind, count] of Object.entries(strip.set(line.strips[n], line.length))) counts[kind] = (counts[kind] ?? 0) + count;
      return strip;
    });
    drawLegend(this.root, counts);
    this.marks = [...new Set(line.strips.flat().map(([at]) => at))].sort((a, b) => a - b);
    for (const button of this.box.querySelectorAll("[data-jump]")) button.disabled = line.next(JUMPS[button.dataset.jump], 0) === null;
    this.listen();
    this.player.go(position);
  }

  listen() {
    const { player } = this;
    // One move a frame, however many the pointer sends.
    this.scrub.addEventListener("input", () => {
      if (this.pending) return;
      this.pending = requestAnimationFrame(() => {
        this.pending = 0;
        player.go(Number(this.scrub.value));
      });
    });
    this.speed.addEventListener("change", () => (player.speed = Number(this.speed.value)));
    this.pace.addEventListener("change", () => (player.pace = this.pace.value));
    this.box.addEventListener("click", (event) => {
      const go = event.target.closest("[data-go]");
      if (go) this.go(go.dataset.go);
      const jump = event.target.closest("[data-jump]");
      if (jump) this.jump(jump.dataset.jump);
      if (event.target.closest("[data-help]")) this.help.showModal();
    });
    this.single.checked = localStorage.getItem(STORED) !== "off";
    this.single.addEventListener("change", () => localStorage.setItem(STORED, this.single.checked ? "on" : "off"));
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("visibilitychange", () => document.hidden && player.pause());
  }

  go(what) {
    const { player } = this;
    if (what === "play") {
      player.toggle();
      return;
    }
    player.pause();
    if (what === "start") player.go(0);
    if (what === "end") player.go(this.line.length);
    if (what === "back") player.go(player.position - 1);
    if (what === "forward") player.step();
  }

  // The first release is looked for from the start, all else from here on.
  jump(name) {
    this.player.pause();
    const at = this.line.next(JUMPS[name], name === "release" ? 0 : this.player.position);
    if (at === null) {
      const button = this.box.querySelector(`[data-jump=${name}]`);
      const text = this.words.no_more.replace("{what}", button.textContent.trim());
      this.said.textContent = text;
      this.say(text);
      return;
    }
    this.player.go(at);
  }

  mark(direction) {
    const { position } = this.player;
    const found = direction > 0 ? this.marks.find((at) => at > position) : this.marks.findLast((at) => at < position);
    if (found !== undefined) this.player.go(found);
  }

  faster(by) {
    const n = SPEEDS.indexOf(this.player.speed) + by;
    if (!SPEEDS[n]) return;
    this.player.speed = SPEEDS[n];
    this.speed.value = SPEEDS[n];
    this.say(this.words.speed.replace("{n}", SPEEDS[n]));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.help.open || !this.line) return;
    const { target } = event;
    const typing = target.closest?.("select, textarea, [contenteditable], input:not([type=range]):not([type=checkbox])");
    if (typing || (!this.single.checked && event.key !== "?")) return;
    const button = target.closest?.("button, a, summary, input[type=checkbox]");
    if (event.key === " " && button) return;
    if (target === this.scrub && /^(Arrow|Home|End|Page)/.test(event.key)) return;
    const act = {
      " ": () => this.go("play"),
      ArrowRight: () => this.go("forward"),
      ArrowLeft: () => this.go("back"),
      Home: () => this.go("start"),
      End: () => this.go("end"),
      n: () => this.mark(1),
      p: () => this.mark(-1),
      "]": () => this.faster(1),
      "[": () => this.faster(-1),
      "?": () => this.help.showModal(),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    const jump = KEYS[event.key.toLowerCase()];
    if (!act && !jump) return;
    event.preventDefault();
    if (act) act();
    else this.jump(jump);
  }

  playing() {
    const { playing } = this.player;
    this.playButton.querySelector("[data-icon=play]").hidden = playing;
    this.playButton.querySelector("[data-icon=pause]").hidden = !playing;
    this.playButton.querySelector("[data-text]").textContent = playing ? this.words.pause : this.words.play;
    this.onPlaying?.(playing);
  }

  // What is said aloud: never while it runs fast.
  get quiet() {
    return this.player?.playing && (this.player.speed > 1 || this.player.pace === "real");
  }

  say(text) {
    this.live.textContent = text;
  }
}
