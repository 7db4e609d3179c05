// What bpmn-moddle drops on the way through a file: comments, processing instructions, and elements
// of other namespaces outside bpmn:extensionElements. They are put back where they stood.
const BPMN = /^http:\/\/www\.omg\.org\/spec\//;

const parse = (xml) => new DOMParser().parseFromString(xml, "application/xml");
const idOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("id") : null);

function isLost(node) {
  if (node.nodeType === Node.COMMENT_NODE || node.nodeType === Node.PROCESSING_INSTRUCTION_NODE) return true;
  if (node.nodeType !== Node.ELEMENT_NODE || BPMN.test(node.namespaceURI ?? "")) return false;
  const parent = node.parentNode;
  return BPMN.test(parent.namespaceURI ?? "") && parent.localName !== "extensionElements";
}

// The nearest thing around a node that will be found again: an element with an id, or the root.
function anchorOf(node) {
  let parent = node.parentNode;
  while (parent.parentNode && parent.nodeType === Node.ELEMENT_NODE && !parent.getAttribute("id")) parent = parent.parentNode;
  return parent;
}

function followerOf(node) {
  for (let next = node.nextSibling; next; next = next.nextSibling) if (idOf(next)) return idOf(next);
  return null;
}

// What of `xml` the editor would lose, each with where it stood.
export function lostIn(xml) {
  const tree = parse(xml);
  const walker = tree.createTreeWalker(tree, NodeFilter.SHOW_ALL);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!isLost(node) || found.some(({ node: whole }) => whole.contains(node))) continue;
    const anchor = anchorOf(node);
    found.push({ node, within: anchor.nodeType === Node.DOCUMENT_NODE ? null : anchor.getAttribute("id"), before: followerOf(node), top: anchor.nodeType === Node.DOCUMENT_NODE });
  }
  return found;
}

// The saved text with all of `lost` back in it; what hung on an element that is gone is gone too.
export function putBack(xml, lost) {
  if (!lost.length) return xml;
  const tree = parse(xml);
  const byId = new Map(Array.from(tree.querySelectorAll("[id]"), (one) => [one.getAttribute("id"), one]));
  for (const { node, within, before, top } of lost) {
    const parent = top ? tree : within ? byId.get(within) : tree.documentElement;
    if (!parent) continue;
    const follower = top ? tree.documentElement : byId.get(before);
    parent.insertBefore(tree.importNode(node, true), follower?.parentNode === parent ? follower : null);
  }
  const text = new XMLSerializer().serializeToString(tree);
  return text.startsWith("<?xml") ? text : `<?xml version="1.0" encoding="UTF-8"?>\n${text}`;
}
