// Playing: how long each step takes, and when the next is due. Knows positions only.
export const SPEEDS = [1, 2, 4, 8, 16, 32, 64];
const EVEN = 1100; // ms a step at 1x
const SHORTEST = 350;

// A real pause of `seconds`, shortened: a minute about half a second, a day about four.
export function shortened(seconds) {
  return SHORTEST + 1100 * Math.log10(1 + Math.max(seconds, 0) / 60);
}

export class Player {
  // `line`: { length, gap(position): seconds between a position's event and the one before,
  // move(position, { duration }): a promise where there is something to be waited for }
  constructor(line, onChange) {
    this.line = line;
    this.onChange = onChange;
    this.position = 0;
    this.speed = 1;
    this.pace = "even";
    this.playing = false;
  }

  duration(position) {
    return (this.pace === "real" ? shortened(this.line.gap(position)) : EVEN) / this.speed;
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  play() {
    if (this.playing || !this.line.length) return;
    if (this.position >= this.line.length) this.go(0);
    this.playing = true;
    this.onChange();
    this.run();
  }

  pause() {
    this.playing = false;
    cancelAnimationFrame(this.frame);
    this.onChange();
  }

  go(position) {
    this.position = Math.min(Math.max(position, 0), this.line.length);
    this.line.move(this.position, { duration: 0 });
    if (this.playing && this.position >= this.line.length) this.pause();
  }

  // A single step, by hand: shown with its movement.
  step() {
    if (this.position >= this.line.length) return;
    this.position += 1;
    this.line.move(this.position, { duration: 500 });
  }

  // Several positions a frame when the speed asks for it; below that a step at a time.
  run() {
    let before = performance.now();
    let owed = 0;
    const tick = (time) => {
      if (!this.playing) return;
      owed += time - before;
      before = time;
      let to = this.position;
      let taken = 0;
      while (to < this.line.length && owed >= this.duration(to + 1)) {
        taken = this.duration(to + 1);
        owed -= taken;
        to += 1;
      }
      if (to > this.position) {
        const one = to === this.position + 1;
        this.position = to;
        this.line.move(to, { duration: one ? Math.min(taken * 0.8, 900) : 0 });
        if (to >= this.line.length) {
          this.pause();
          return;
        }
      }
      this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
  }
}
