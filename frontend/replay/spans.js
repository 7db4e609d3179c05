// Lengths of time and moments in words; the words come with the page.
export function span(words, seconds) {
  const minutes = Math.floor(seconds / 60);
  if (seconds < 60) return words.seconds.replace("{s}", Math.round(seconds));
  const [d, h, m] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  if (d) return words.days.replace("{d}", d).replace("{h}", h);
  if (h) return words.hours.replace("{h}", h).replace("{m}", m);
  return words.minutes.replace("{m}", minutes);
}

export function since(words, seconds) {
  return seconds < 1 ? words.at_once : words.since.replace("{span}", span(words, seconds));
}

// 2026-03-10 09:01:00 in the unit's zone (the page says which).
export function moment(seconds, zone) {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }).format(new Date(seconds * 1000));
}
