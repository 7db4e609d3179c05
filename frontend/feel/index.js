// FEEL for the server's V8 isolate: no DOM, no node, no clock of its own. Every function takes and
// returns JSON text. workflows/feel.py is the only caller.
import { FeelDate, FeelDateTime, FeelDuration, FeelTime, evaluate, unaryTest } from 'feelin';
import { calendarFunctions } from './calendar.js';
import { check } from './check.js';
import { missing } from './missing.js';
import { decode, decodeContext, encode } from './values.js';

// named here because minifying takes the classes' own names away
FeelDate.feelType = 'date';
FeelDateTime.feelType = 'date and time';
FeelTime.feelType = 'time';
FeelDuration.feelType = 'duration';

const MAX_WARNINGS = 20;

class Session {
  constructor(request) {
    this.notes = [];
    this.zone = request.env.zone;
    this.variables = {
      ...decodeContext(request.variables),
      ...calendarFunctions(request.env, (text) => this.notes.push(text))
    };
  }

  // `text` where the names it misses are to be told, else null
  run(text, work) {
    this.notes = [];
    try {
      const { value, warnings } = work(this.variables);
      const told = warnings.map((w) => ({ type: w.type, message: w.message }));
      const noted = this.notes.map((message) => ({ type: 'INVALID_ARGUMENTS', message }));
      return {
        value: encode(value, this.zone),
        warnings: [...told, ...noted].slice(0, MAX_WARNINGS),
        missing: text === null ? [] : missing(text, warnings).map((w) => w.message)
      };
    } catch (err) {
      return { error: String(err.message || err), at: err.position ? err.position.from : null };
    }
  }

  evaluate(text) {
    return this.run(text, (variables) => evaluate(text, variables));
  }

  // `value` in wire form; `name` is what the cell may call it beside `?`
  test(text, value, name) {
    const input = decode(value);
    const own = name ? { '?': input, [name]: input } : { '?': input };
    return this.run(null, (variables) => unaryTest(text, { ...variables, ...own }));
  }
}

const anyValue = (text) => {
  const cell = text.trim();
  return cell === '' || cell === '-';
};

// the tests of a rule against the inputs, stopping at the first that fails
function matches(session, rule, inputs, values, cells) {
  for (let i = 0; i < inputs.length; i++) {
    const text = rule.tests[i];
    if (anyValue(text)) continue;
    // the same cell in many rules is tested once
    const key = `${i} ${text}`;
    if (!cells.has(key)) cells.set(key, session.test(text, values[i].value, inputs[i].name));
    const result = cells.get(key);
    const fault = result.error ? result : undefinedName(result);
    if (fault) return { fault: { ...fault, rule: rule.index, column: i, text } };
    if (result.value !== true) return { matched: false };
  }
  return { matched: true };
}

// an input's value, with whether it is among the input values the column lists
function allowed(session, input) {
  const result = session.evaluate(input.text);
  if (result.error || result.value === null || !input.allowed) return result;
  return { ...result, allowed: session.test(input.allowed, result.value, '').value === true };
}

// a test that uses a name nobody defined is no test, whatever came out of it
function undefinedName(result) {
  const warning = result.warnings.find(
    (w) => w.type === 'NO_VARIABLE_FOUND' || w.type === 'NO_FUNCTION_FOUND'
  );
  return warning ? { error: warning.message } : null;
}

const api = {
  // { variables, env, items: [text], until_true } -> [{ value, warnings, missing } | { error, at }]
  evaluate(request) {
    const session = new Session(request);
    const results = [];
    for (const text of request.items) {
      const result = session.evaluate(text);
      results.push(result);
      if (request.until_true && (result.error || result.value !== false)) break;
    }
    return results;
  },

  // { variables, env, items: [{ text, value, name }] } -> as evaluate
  unary(request) {
    const session = new Session(request);
    return request.items.map((item) => session.test(item.text, item.value, item.name));
  },

  // { variables, env, inputs: [{ text, name, allowed }], rules: [{ tests: [text], outputs: [text] }],
  //   first, defaults: [text], allowed: [[text]] } ->
  // { inputs: [result], fault, rules: [{ index, outputs: [result] }], defaults, allowed }
  table(request) {
    const session = new Session(request);
    const all = (texts) => texts.map((text) => (text === '' ? { value: null, warnings: [], missing: [] }
      : session.evaluate(text)));
    const inputs = request.inputs.map((input) => allowed(session, input));
    const answer = { inputs, fault: null, rules: [], defaults: null, allowed: null };
    if (inputs.some((input) => input.error)) return answer;
    const cells = new Map();
    for (const [index, rule] of request.rules.entries()) {
      const found = matches(session, { ...rule, index }, request.inputs, inputs, cells);
      if (found.fault) return { ...answer, fault: found.fault };
      if (!found.matched) continue;
      answer.rules.push({ index, outputs: all(rule.outputs) });
      if (request.first) break;
    }
    if (answer.rules.length === 0) answer.defaults = all(request.defaults);
    else answer.allowed = request.allowed.map(all);
    return answer;
  },

  // { names, items: [{ text, kind, input }] } -> [[problem]]
  check(request) {
    return request.items.map((item) => check(item, request.names));
  }
};

globalThis.planroomFeel = Object.fromEntries(
  Object.entries(api).map(([name, fn]) => [name, (json) => JSON.stringify(fn(JSON.parse(json)))])
);
