// The replay's script on frames: reads { courses: [{ frames, positions }] } and prints for each of
// the positions, in that order, how all stands; and what lies on the line of the first two together.
import { readFileSync } from "node:fs";
import { Course } from "../../frontend/replay/course.js";
import { shortened } from "../../frontend/replay/player.js";
import { together } from "../../frontend/replay/together.js";

const STATES = ["", "done", "open", "cancelled"];

// A path without the index of a loop's instance: how the plan knows the element.
function looks(course) {
  const elements = new Map();
  course.frames.paths.forEach((path, n) => {
    const key = path.replace(/\[\d+\]/g, "");
    if (!elements.has(key)) elements.set(key, []);
    elements.get(key).push(n);
  });
  return () => {
    const rounds = course.rounds();
    const found = {};
    for (const [key, paths] of elements) {
      const { state, passes, rounds: here, late } = course.standing(paths, rounds);
      if (state) found[key] = [STATES[state], passes, [...here].sort((a, b) => a - b), late];
    }
    return { found, taken: [...course.state.taken], elapsed: course.elapsed(course.position) };
  };
}

const { courses } = JSON.parse(readFileSync(0, "utf8"));
const made = courses.map(({ frames }) => new Course(frames));
const seen = courses.map(({ positions }, n) => {
  const look = looks(made[n]);
  return positions.map((position) => ({ at: made[n].seek(position), ...look() }));
});
const lines = made.map((course) => ({
  next: [0, 1, course.length].map((at) => course.next(["late", "missed"], at)),
  of: course.frames.seq.map((seq) => course.positionOf(seq)),
  beyond: [course.positionOf(0), course.positionOf(1e9)],
  elapsed: course.frames.recorded.map((one) => course.positionAt(one - course.frames.recorded[0])),
}));
let both = null;
if (made.length > 1) {
  const line = together(made.slice(0, 2));
  both = Array.from({ length: line.length + 1 }, (_, at) => [line.seconds(at), ...line.positions(at)]);
}
process.stdout.write(JSON.stringify({ seen, lines, both, pauses: [0, 60, 3600, 86400].map(shortened) }));
