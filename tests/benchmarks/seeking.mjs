// Times of the replay's script on the frames given: { open, forward, back, p95 } in ms.
import { readFileSync } from "node:fs";
import { Course } from "../../frontend/replay/course.js";

const text = readFileSync(0, "utf8");
const took = (work) => {
  const begun = performance.now();
  const result = work();
  return [performance.now() - begun, result];
};
const [open, course] = took(() => new Course(JSON.parse(text)));
const middle = (values, part) => values.sort((a, b) => a - b)[Math.floor(values.length * part)];
// As the page does after every move: where tokens are, and how each element stands.
const paths = course.frames.paths.map((_, n) => [n]);
const look = () => {
  const rounds = course.rounds();
  for (const one of paths) course.standing(one, rounds);
};
const at = (position) => took(() => (course.seek(position), look()))[0];
let place = 7;
const anywhere = [];
for (let n = 0; n < 1000; n += 1) {
  place = (place * 48271) % 2147483647;
  anywhere.push(at(place % (course.length + 1)));
}
const forward = [];
const back = [];
for (let n = 1; n <= Math.min(course.length, 500); n += 1) forward.push(at(n));
for (let n = Math.min(course.length, 500); n >= 0; n -= 1) back.push(at(n));
process.stdout.write(JSON.stringify({ open, forward: middle(forward, 0.5), back: middle(back, 0.5), p95: middle(anywhere, 0.95) }));
