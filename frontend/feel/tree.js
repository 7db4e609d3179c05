// Reading lezer's syntax trees.

export function children(node) {
  const result = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (!child.type.isSkipped) result.push(child);
  }
  return result;
}

// the cursor sees error nodes of no width, which walking by children does not
export function firstError(tree, text) {
  let found = null;
  tree.iterate({
    enter({ node }) {
      if (found) return false;
      if (node.type.isError) {
        const to = node.to > node.from ? node.to : Math.min(text.length, node.from + 1);
        found = { code: 'syntax', from: node.from, to, name: text.slice(node.from, to) };
      } else if (node.name === 'Comparison') {
        found = doubledOperator(node, text);
      }
      return undefined;
    }
  });
  return found;
}

// `a == b` parses as a = (= b), which is never what was meant
function doubledOperator(node, text) {
  const [, op, right] = children(node);
  if (op?.name !== 'CompareOp' || right?.name !== 'SimplePositiveUnaryTest') return null;
  return { code: 'syntax', from: op.from, to: right.to, name: text.slice(op.from, right.to) };
}
