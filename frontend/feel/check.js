// What can be said of an expression without running it: whether it parses, which names it uses
// that nobody defines, and where a comparison can never be true.
import { evaluate, parseExpression, parseUnaryTests } from 'feelin';
import { ADDED_NAMES } from './calendar.js';
import { children, firstError } from './tree.js';

const MOMENT = 'date and time';
const ZONED = /(Z|[+-]\d{2}:\d{2}(:\d{2})?|@.+)$/i;
const LITERAL_TYPES = {
  NumericLiteral: 'number',
  StringLiteral: 'string',
  BooleanLiteral: 'boolean'
};
// the types FEEL never finds equal or ordered; the rest (context, list, Any) stay unjudged
const COMPARABLE = new Set([
  'number', 'string', 'boolean', 'date', 'time', MOMENT,
  'days and time duration', 'years and months duration'
]);

// functions whose type does not depend on their arguments; what a wrong argument gives is null
const FUNCTION_TYPES = {
  now: MOMENT,
  today: 'date',
  'end of day': MOMENT,
  'end of day after': MOMENT,
  'add working days': MOMENT,
  'is working day': 'boolean',
  count: 'number',
  'string length': 'number',
  string: 'string',
  not: 'boolean',
  contains: 'boolean',
  'starts with': 'boolean',
  'ends with': 'boolean',
  matches: 'boolean',
  'list contains': 'boolean'
};
const BOOLEAN_NODES = new Set([
  'Comparison', 'Conjunction', 'Disjunction', 'QuantifiedExpression', 'InstanceOfExpression'
]);

// `item`: { text, kind: "expression" | "unary", input } (the FEEL type of `?`, or the one an
// expression should have, or null); `names`: name or dotted path -> FEEL type or null, or null
// when names are not to be judged.
// Returns [{ code, from, to, name, expected, found }].
export function check(item, names) {
  const { text, kind } = item;
  if (kind === 'unary' && (text.trim() === '' || text.trim() === '-')) return [];
  const parse = kind === 'unary' ? parseUnaryTests : parseExpression;
  const tree = parse(text, shape(names));
  const broken = firstError(tree, text);
  if (broken) return [broken];
  const walker = new Walker(text, names, item.input || null);
  walker.visit(tree.topNode, new Set(), false);
  if (kind === 'expression' && item.input) {
    walker.mismatch(children(tree.topNode)[0], item.input, new Set());
  }
  return walker.problems;
}

// the parser learns names with spaces from the context it is given
function shape(names) {
  const context = Object.fromEntries(ADDED_NAMES.map((name) => [name, () => null]));
  for (const path of Object.keys(names || {})) {
    let level = context;
    const parts = path.split('.');
    parts.forEach((part, i) => {
      const inner = i < parts.length - 1;
      if (!Object.hasOwn(level, part) || (inner && level[part] === null)) {
        Object.defineProperty(level, part, {
          value: inner ? {} : null, enumerable: true, writable: true, configurable: true
        });
      }
      level = level[part];
    });
  }
  return context;
}

const builtins = new Map();

function isBuiltin(name) {
  if (ADDED_NAMES.includes(name)) return true;
  if (!builtins.has(name)) {
    const { value, warnings } = evaluate(name, {});
    builtins.set(name, value !== null && warnings.length === 0);
  }
  return builtins.get(name);
}

class Walker {
  constructor(text, names, input) {
    this.text = text;
    this.names = names;
    this.input = input;
    this.problems = [];
  }

  slice(node) {
    return this.text.slice(node.from, node.to);
  }

  nameOf(node) {
    return this.slice(node).replace(/`/g, '').replace(/\s+/g, ' ').trim();
  }

  report(code, node, details = {}) {
    this.problems.push({
      code, from: node.from, to: node.to, name: this.nameOf(node), ...details
    });
  }

  // `open`: inside a filter, where a name may be a property of the element being tried
  visit(node, local, open) {
    switch (node.name) {
      case 'VariableName':
        return this.variable(node, local, open);
      case 'PathExpression':
        return this.path(node, local, open);
      case 'ForExpression':
      case 'QuantifiedExpression':
        return this.iteration(node, local, open);
      case 'FunctionDefinition':
        return this.definition(node, local, open);
      case 'Context':
        return this.context(node, local, open);
      case 'FilterExpression': {
        const [target, ...rest] = children(node);
        this.visit(target, local, open);
        rest.forEach((child) => this.visit(child, local, true));
        return undefined;
      }
      case 'NamedParameter':
        return this.visit(node.lastChild, local, open);
      case 'Type':
        return undefined;
      case 'DateTimeLiteral':
        this.moment(node);
        break;
      case 'Comparison':
        this.comparison(node, local);
        break;
      case 'PositiveUnaryTest':
        this.test(node);
        break;
    }
    children(node).forEach((child) => this.visit(child, local, open));
    return undefined;
  }

  variable(node, local, open) {
    const name = this.nameOf(node);
    if (this.names === null || open || local.has(name) || this.known(name)) return;
    if (!isBuiltin(name)) this.report('unknown_name', node);
  }

  known(name) {
    return Object.hasOwn(this.names, name) || this.hasChildren(name);
  }

  hasChildren(name) {
    return Object.keys(this.names).some((key) => key.startsWith(`${name}.`));
  }

  // a.b.c: the root must be known; a part too, where the parts of what is before it are listed
  path(node, local, open) {
    const parts = this.parts(node);
    if (parts === null) {
      children(node).forEach((child) => this.visit(child, local, open));
      return;
    }
    const [root, ...rest] = parts;
    const before = this.problems.length;
    this.visit(root, local, open);
    if (this.names === null || open || local.has(this.nameOf(root))) return;
    if (this.problems.length > before) return;
    let name = this.nameOf(root);
    for (const part of rest) {
      if (!this.hasChildren(name)) return;
      name = `${name}.${this.nameOf(part)}`;
      if (!this.known(name)) {
        this.problems.push({ code: 'unknown_name', from: root.from, to: part.to, name });
        return;
      }
    }
  }

  // [root VariableName, PathName...], or null where the path starts from something else
  parts(node) {
    if (node.name === 'VariableName') return [node];
    if (node.name !== 'PathExpression') return null;
    const [target, , name] = children(node);
    const head = this.parts(target);
    return head && name ? [...head, name] : null;
  }

  iteration(node, local, open) {
    const inner = new Set(local);
    if (node.name === 'ForExpression') inner.add('partial');
    for (const child of children(node)) {
      if (child.name !== 'InExpressions') {
        this.visit(child, inner, open);
        continue;
      }
      for (const binding of children(child)) {
        const [name, , range] = children(binding);
        this.visit(range, inner, open);
        inner.add(this.nameOf(name));
      }
    }
  }

  definition(node, local, open) {
    const inner = new Set(local);
    const parameters = node.getChild('FormalParameters');
    for (const parameter of parameters ? children(parameters) : []) {
      inner.add(this.nameOf(children(parameter)[0]));
    }
    const body = node.getChild('FunctionBody');
    if (body) this.visit(body, inner, open);
  }

  context(node, local, open) {
    const inner = new Set(local);
    for (const entry of node.getChildren('ContextEntry')) {
      const [key, value] = children(entry);
      if (value) this.visit(value, inner, open);
      inner.add(this.nameOf(key).replace(/^"|"$/g, ''));
    }
  }

  // date("2026-13-01") is null at run time; a moment without offset compares as if it were UTC
  moment(node) {
    const strings = [];
    node.cursor().iterate((n) => {
      if (n.name === 'StringLiteral') strings.push(n.node);
      return n.name !== 'VariableName' && n.name !== 'FunctionInvocation';
    });
    if (strings.length !== 1) return;
    const { value } = evaluate(this.slice(node), {});
    if (value === null) {
      this.report('invalid_literal', node);
    } else if (typeOf(value) === MOMENT && !ZONED.test(this.slice(strings[0]).slice(1, -1))) {
      this.report('moment_without_offset', node);
    }
  }

  comparison(node, local) {
    const [left, op, ...rest] = children(node);
    const expected = this.type(left, local);
    if (!expected) return;
    const operands = op.name === 'in'
      ? rest.flatMap((n) => n.name === 'PositiveUnaryTests' ? children(n) : [n])
        .map((n) => n.name === 'PositiveUnaryTest' ? children(n)[0] : n)
      : rest;
    for (const operand of operands) this.mismatch(operand, expected, local);
  }

  test(node) {
    if (!this.input) return;
    const [operand] = children(node);
    // what is true or false in itself (`? > 3 and ...`) is the test, not a value to compare with
    if (operand.name !== 'BooleanLiteral' && this.type(operand, new Set()) === 'boolean') return;
    this.mismatch(operand, this.input, new Set());
  }

  mismatch(operand, expected, local) {
    if (operand.name === 'SimplePositiveUnaryTest' || operand.name === 'Interval') {
      children(operand).forEach((child) => this.mismatch(child, expected, local));
      return;
    }
    const found = this.type(operand, local);
    if (found && found !== expected && COMPARABLE.has(found) && COMPARABLE.has(expected)) {
      this.report('type_mismatch', operand, { expected, found });
    }
  }

  // the FEEL type of a node where it is plain to see, else null
  type(node, local) {
    if (node.name in LITERAL_TYPES) return LITERAL_TYPES[node.name];
    if (BOOLEAN_NODES.has(node.name)) return 'boolean';
    if (node.name === '?') return this.input;
    if (node.name === 'ParenthesizedExpression') return this.type(children(node)[1], local);
    if (node.name === 'ArithmeticExpression') return this.arithmetic(node, local);
    if (node.name === 'FunctionInvocation') {
      const name = this.nameOf(node.firstChild);
      return local.has(name) ? null : FUNCTION_TYPES[name] || null;
    }
    if (node.name === 'DateTimeLiteral') {
      const { value } = evaluate(this.slice(node), {});
      return value === null ? null : typeOf(value);
    }
    const parts = this.names === null ? null : this.parts(node);
    if (parts === null || local.has(this.nameOf(parts[0]))) return null;
    return this.names[parts.map((part) => this.nameOf(part)).join('.')] || null;
  }

  // of moments and durations, numbers and texts; all else is left unjudged
  arithmetic(node, local) {
    const operands = children(node).filter((child) => child.name !== 'ArithOp');
    const [left, right] = operands.map((operand) => this.type(operand, local));
    if (operands.length === 1 || left === right) {
      return left === 'number' || left === 'string' ? left : null;
    }
    const isDuration = (type) => typeof type === 'string' && type.endsWith('duration');
    if (left === MOMENT && isDuration(right)) return MOMENT;
    if (right === MOMENT && isDuration(left)) return MOMENT;
    return null;
  }
}

function typeOf(value) {
  switch (value.constructor.feelType) {
    case 'duration':
      return value.yearsMonths ? 'years and months duration' : 'days and time duration';
    default:
      return value.constructor.feelType || null;
  }
}
