// The clock and the calendar of the case. FEEL's own now() and today() would read V8's clock and
// its zone; these stand in the context, where a name wins over a built-in.
import { FeelDate, FeelDateTime, parseDateTime } from 'feelin';

const MAX_DAYS = 3660; // ten years: more is a slip of the pen, and a walk day by day must end
const SATURDAY = 6;

// `env`: { now: "2026-11-22T22:30:00@Asia/Shanghai", or null where no text asks; zone, holidays: [iso],
// workdays: [iso] }; `complain(text)` notes why a function gave null
export function calendarFunctions(env, complain) {
  const { zone } = env;
  const holidays = new Set(env.holidays);
  const workdays = new Set(env.workdays);
  const now = env.now === null ? null : parseDateTime(env.now);

  // the calendar day of x in the organisation's zone, or null
  const dayOf = (x, name) => {
    if (x instanceof FeelDate) return x.unwrap();
    if (x instanceof FeelDateTime) {
      if (x.zone === null) return x.unwrap().toPlainDate();
      return x.unwrap().toZonedDateTime(x.zone).withTimeZone(zone).toPlainDate();
    }
    complain(`${name}: expects a date or a date and time`);
    return null;
  };
  const endOf = (day) =>
    new FeelDateTime(day.toPlainDateTime({ hour: 23, minute: 59, second: 59 }), zone);
  const count = (n, least, name) => {
    if (Number.isInteger(n) && n >= least && n <= MAX_DAYS) return true;
    complain(`${name}: expects a whole number of days, ${least} to ${MAX_DAYS}`);
    return false;
  };
  const working = (day) => {
    const iso = day.toString();
    if (workdays.has(iso)) return true;
    return day.dayOfWeek < SATURDAY && !holidays.has(iso);
  };

  const functions = {
    now: named([], () => now),
    today: named([], () => new FeelDate(now.unwrap().toPlainDate())),
    'end of day': named(['x'], (x) => {
      const day = dayOf(x, 'end of day');
      return day && endOf(day);
    }),
    'end of day after': named(['x', 'n'], (x, n) => {
      const day = dayOf(x, 'end of day after');
      return day && count(n, 0, 'end of day after') ? endOf(day.add({ days: n })) : null;
    }),
    'add working days': named(['x', 'n'], (x, n) => {
      let day = dayOf(x, 'add working days');
      if (!day || !count(n, 1, 'add working days')) return null;
      // the bound keeps a calendar that never works from walking for ever
      for (let left = n, walked = 0; left > 0; walked++) {
        if (walked > 4 * MAX_DAYS) {
          complain('add working days: the calendar has too few working days');
          return null;
        }
        day = day.add({ days: 1 });
        if (working(day)) left--;
      }
      return endOf(day);
    }),
    'is working day': named(['x'], (x) => {
      const day = dayOf(x, 'is working day');
      return day && working(day);
    })
  };
  return functions;
}

// minifying renames parameters, so FEEL's named arguments need them spelled out
function named(parameters, fn) {
  return Object.assign(fn, { $args: parameters });
}

export const ADDED_NAMES = [
  'end of day', 'end of day after', 'add working days', 'is working day'
];

