// Two courses on one line: its positions are the moments at which anything happened in either, in
// seconds since each was opened; position 0 is before both.
export function together(courses) {
  const moments = [...new Set(courses.flatMap(({ frames }) => frames.recorded.map((one) => one - frames.recorded[0])))].sort((a, b) => a - b);
  const seconds = (at) => (at > 0 ? moments[at - 1] : 0);
  const place = new Map(moments.map((one, n) => [one, n + 1]));
  const strips = courses.map(({ frames }) =>
    frames.marks.map(([index, kind]) => [place.get(frames.recorded[index] - frames.recorded[0]), kind]),
  );
  return {
    length: moments.length,
    seconds,
    gap: (at) => (at > 1 ? moments[at - 1] - moments[at - 2] : 0),
    positions: (at) => courses.map((course) => (at > 0 ? course.positionAt(seconds(at)) : 0)),
    next: (kinds, at) => {
      const found = strips.flat().filter(([there, kind]) => there > at && kinds.includes(kind));
      return found.length ? Math.min(...found.map(([there]) => there)) : null;
    },
    strips,
  };
}
