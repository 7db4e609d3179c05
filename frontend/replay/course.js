// How a case stood after any of its events: pure, without a page, so that it can be tested by itself.
//
// `frames` is what /replay.json answers (services/replay.py says what its columns hold). Position k
// is after the first k events; 0 is before all. Every EVERY events the state is kept, so that going
// anywhere plays at most EVERY events.

const EVERY = 256;
const NONE = 0;
export const DONE = 1;
export const OPEN = 2;
export const CANCELLED = 3;

const STATE_OF = [DONE, OPEN, CANCELLED];
const LATE = 3;

// A token is one path in one round.
const token = (path, round) => path * 65536 + round;

class State {
  constructor(paths, flows) {
    this.last = new Uint8Array(paths); // what the last operation left the path in
    this.when = new Uint32Array(paths); // which operation that was, counted from 1
    this.operations = 0;
    this.late = new Uint8Array(paths); // its limit has passed in the round at hand
    this.passes = new Uint32Array(paths); // how often it was completed
    this.taken = new Uint32Array(flows); // how often each flow was
    this.tokens = new Map(); // token -> [path, round], those there now
  }

  copy() {
    const twin = new State(0, 0);
    twin.last = this.last.slice();
    twin.when = this.when.slice();
    twin.operations = this.operations;
    twin.late = this.late.slice();
    twin.passes = this.passes.slice();
    twin.taken = this.taken.slice();
    twin.tokens = new Map(this.tokens);
    return twin;
  }

  apply(ops, flows) {
    for (let n = 0; n < ops.length; n += 2) {
      const path = ops[n] >> 2;
      const op = ops[n] & 3;
      const round = ops[n + 1];
      if (op === LATE) {
        this.late[path] = 1;
        continue;
      }
      this.last[path] = STATE_OF[op];
      this.operations += 1;
      this.when[path] = this.operations;
      if (op === 1) {
        this.tokens.set(token(path, round), [path, round]);
        this.late[path] = 0;
      } else {
        this.tokens.delete(token(path, round));
        if (op === 0) this.passes[path] += 1;
      }
    }
    for (const flow of flows) this.taken[flow] += 1;
  }
}

export class Course {
  constructor(frames) {
    this.frames = frames;
    this.length = frames.seq.length;
    // Of a loop's instances (ask[0], ask[1]) the loop itself (ask) is the sum: it is not counted again.
    const loops = new Set(frames.paths.filter((path) => path.endsWith("]")).map((path) => path.replace(/\[\d+\]$/, "")));
    this.loop = frames.paths.map((path) => loops.has(path));
    this.kept = [];
    this.position = 0;
    const state = new State(frames.paths.length, frames.taken.length);
    for (let n = 0; n <= this.length; n += 1) {
      if (n % EVERY === 0) this.kept.push(state.copy());
      if (n < this.length) state.apply(frames.ops[n], frames.flows[n]);
    }
    this.state = this.kept[0].copy();
    this.byKind = new Map();
    for (const [index, kind] of frames.marks) {
      if (!this.byKind.has(kind)) this.byKind.set(kind, []);
      this.byKind.get(kind).push(index);
    }
  }

  // Go to a position (clamped); returns it.
  seek(position) {
    const wanted = Math.min(Math.max(Math.round(position) || 0, 0), this.length);
    const near = Math.floor(wanted / EVERY) * EVERY;
    if (wanted < this.position || near > this.position) {
      this.state = this.kept[near / EVERY].copy();
      this.position = near;
    }
    for (; this.position < wanted; this.position += 1) {
      this.state.apply(this.frames.ops[this.position], this.frames.flows[this.position]);
    }
    return wanted;
  }

  // The rounds in which tokens are there now, by path.
  rounds() {
    const found = new Map();
    for (const [path, round] of this.state.tokens.values()) {
      if (!found.has(path)) found.set(path, []);
      found.get(path).push(round);
    }
    return found;
  }

  // How an element stands that is `paths` in the record (several where it stands several times at
  // once): { state, passes, rounds, late }. Open while a token is there, else what came last.
  standing(paths, rounds) {
    const { last, when, passes, late } = this.state;
    const found = { state: NONE, passes: 0, rounds: [], late: false };
    let latest = 0;
    let open = false;
    for (const path of paths) {
      if (late[path]) found.late = true;
      if (when[path] > latest) [latest, found.state] = [when[path], last[path]];
      open ||= rounds.has(path);
      if (this.loop[path]) continue;
      found.passes += passes[path];
      if (rounds.has(path)) found.rounds.push(...rounds.get(path));
    }
    if (open) found.state = OPEN;
    return found;
  }

  // The stretch (version) the event before `position` ran on.
  stretchAt(position) {
    const { stretches } = this.frames;
    let found = 0;
    for (let n = 1; n < stretches.length; n += 1) if (stretches[n].first < position) found = n;
    return found;
  }

  // Seconds since the case was opened, at a position; before the first event 0.
  elapsed(position) {
    const { recorded } = this.frames;
    return position > 0 ? recorded[position - 1] - recorded[0] : 0;
  }

  // The last position whose event was recorded within `seconds` of the opening.
  positionAt(seconds) {
    const { recorded } = this.frames;
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (recorded[middle] - recorded[0] <= seconds) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The position of the next mark of one of these kinds after `position`; null when there is none.
  next(kinds, position) {
    let best = null;
    for (const kind of kinds) {
      for (const index of this.byKind.get(kind) ?? []) {
        if (index + 1 > position) {
          if (best === null || index + 1 < best) best = index + 1;
          break;
        }
      }
    }
    return best;
  }

  // The position of the event with this seq, or of the nearest one before it.
  positionOf(seq) {
    const at = this.frames.seq.findLastIndex((one) => one <= seq);
    return Math.max(at + 1, Math.min(this.length, 1));
  }
}
