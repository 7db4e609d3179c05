// Time left, counting. The server says how many seconds are left and how fast the case's clock
// runs; from then on only elapsed time counts, so a wrong clock in the browser does no harm.

const seen = new WeakMap();

function span(seconds, words) {
  const total = Math.floor(Math.abs(seconds) / 60);
  const d = Math.floor(total / 1440);
  const h = Math.floor((total % 1440) / 60);
  const m = total % 60;
  if (d) return words.days.replace("{d}", d).replace("{h}", h);
  if (h) return words.hours.replace("{h}", h).replace("{m}", m);
  if (m) return words.minutes.replace("{m}", m);
  return words.moment;
}

function tick(words) {
  const now = performance.now() / 1000;
  for (const badge of document.querySelectorAll("[data-left]")) {
    const given = badge.dataset.left;
    let entry = seen.get(badge);
    if (!entry || entry.given !== given) {
      entry = { given, from: now };
      seen.set(badge, entry);
    }
    const rate = Number(badge.dataset.rate || 1);
    const left = Number(given) - (now - entry.from) * rate;
    const target = badge.querySelector("[data-left-text]") || badge;
    const text = (left < 0 ? words.late : words.left).replace("{span}", span(left, words));
    if (target.textContent !== text) target.textContent = text;
    badge.classList.toggle("due-late", left < 0);
    badge.classList.toggle("due-soon", left >= 0 && left < 1800);
    badge.classList.toggle("due-ok", left >= 1800);
  }
}

export function startCounters(words) {
  tick(words);
  setInterval(() => tick(words), 1000);
  document.addEventListener("htmx:afterSettle", () => tick(words));
}
