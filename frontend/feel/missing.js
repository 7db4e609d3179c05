import { parseExpression } from 'feelin';
import { children } from './tree.js';

const NOT_FOUND = new Set(['NO_VARIABLE_FOUND', 'NO_CONTEXT_ENTRY_FOUND', 'NO_PROPERTY_FOUND']);

// Of the warnings of a run, those of names that were not there and that the author did not ask
// about: `x = 3` is false, not null, where nobody set x. A name compared with null anywhere in
// the text was asked about, and so was all below it; inside a filter, an element without the
// property is no fault.
export function missing(text, warnings) {
  const suspects = warnings.filter((w) => NOT_FOUND.has(w.type));
  if (suspects.length === 0) return [];
  const tree = parseExpression(text, {});
  const words = (node) => text.slice(node.from, node.to).replace(/\s+/g, '');
  const asked = [];
  tree.iterate({
    enter({ node }) {
      if (node.name !== 'Comparison') return;
      const [left, op, right] = children(node);
      if (op?.name !== 'CompareOp') return;
      if (left.name === 'null') asked.push(words(right));
      if (right?.name === 'null') asked.push(words(left));
    }
  });
  return suspects.filter(({ position }) => {
    const node = tree.resolveInner(position.from, 1);
    let whole = null;
    for (let up = node; up; up = up.parent) {
      if (up.name === 'FilterExpression' && up.firstChild.to <= position.from) return false;
      if (up.to === position.to && /^(VariableName|PathExpression)$/.test(up.name)) whole = up;
    }
    const name = whole ? words(whole) : text.slice(position.from, position.to);
    return !asked.some((path) => name === path || name.startsWith(`${path}.`));
  });
}
