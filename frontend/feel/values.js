// The wire form between Python and FEEL. JSON carries null, booleans, numbers, strings, lists and
// contexts as themselves; everything else is {"$": tag, "v": text}. A context that itself has a
// "$" key is wrapped as {"$": "ctx", "v": {...}}. workflows/feel_values.py is the other side.
import {
  FeelDate, FeelDateTime, FeelDuration, FeelFunction, FeelRange, FeelTime,
  duration, parseDate, parseDateTime, parseTime
} from 'feelin';

const READERS = {
  d: parseDate,
  dt: parseDateTime,
  t: parseTime,
  dur: duration
};

export function decode(value) {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(decode);
  const tag = value.$;
  if (tag === 'ctx') return decodeContext(value.v);
  if (tag !== undefined) {
    const read = READERS[tag](value.v);
    if (read === null) throw new Error(`cannot read ${tag} ${value.v}`);
    return read;
  }
  return decodeContext(value);
}

// fromEntries defines own properties, so a key named __proto__ stays plain data
export function decodeContext(context) {
  return Object.fromEntries(Object.entries(context).map(([key, v]) => [key, decode(v)]));
}

// `zone` is the calendar's: a moment written without one is meant on the organisation's clock
export function encode(value, zone) {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case 'boolean':
    case 'string':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new Error('the result is not a finite number');
      return value;
    case 'function':
      throw new Error('the result is a function, not a value');
  }
  if (Array.isArray(value)) return value.map((v) => encode(v, zone));
  if (value instanceof FeelDate) return { $: 'd', v: value.toString() };
  if (value instanceof FeelDateTime) {
    const zoned = value.unwrap().toZonedDateTime(value.zone === null ? zone : value.zone);
    return { $: 'dt', v: zoned.toInstant().toString() };
  }
  if (value instanceof FeelTime) return { $: 't', v: value.toString() };
  if (value instanceof FeelDuration) {
    const d = value.unwrap();
    if (value.yearsMonths) return { $: 'ym', v: d.years * 12 + d.months };
    return { $: 'dur', v: d.total({ unit: 'microsecond' }) };
  }
  if (value instanceof FeelFunction) throw new Error('the result is a function, not a value');
  if (value instanceof FeelRange) throw new Error('the result is a range, not a value');
  const context = Object.fromEntries(
    Object.entries(value).map(([key, v]) => [key, encode(v, zone)])
  );
  return '$' in value ? { $: 'ctx', v: context } : context;
}
