// Whether a file, read and written by the library, still says all that it said. What it does not
// carry over we do not let it save.

// What the schema means where nothing is written: the library leaves such attributes out.
const DEFAULTS = new Set([
  "hitPolicy=UNIQUE", "preferredOrientation=Rule-as-Row", "isCollection=false", "kind=FEEL",
  "textFormat=text/plain", "associationDirection=None", "isCollapsed=false", "isListedInputData=false",
]);

function parts(element, into, path) {
  const here = `${path}/${element.localName}`;
  const own = [];
  for (const { name, namespaceURI, localName, value } of element.attributes) {
    if (name === "xmlns" || name.startsWith("xmlns:") || DEFAULTS.has(`${localName}=${value}`)) continue;
    own.push(`${namespaceURI ?? ""} ${localName}=${value}`);
  }
  const inner = [...element.children];
  const text = inner.length ? "" : element.textContent.trim();
  into.push([here, `${element.namespaceURI} ${own.sort().join(" ")} ${text}`]);
  // The library writes children by kind, each kind in the order it had.
  inner.sort((a, b) => (a.localName < b.localName ? -1 : a.localName > b.localName ? 1 : 0));
  for (const child of inner) parts(child, into, here);
  return into;
}

function read(xml) {
  const tree = new DOMParser().parseFromString(xml, "application/xml");
  return parts(tree.documentElement, [], "");
}

// The names of up to three elements that do not come back as they were; empty when all do.
export function losses(before, after) {
  const counted = new Map();
  for (const [path, said] of read(after)) counted.set(path + said, (counted.get(path + said) ?? 0) + 1);
  const lost = [];
  for (const [path, said] of read(before)) {
    const left = counted.get(path + said) ?? 0;
    if (left) counted.set(path + said, left - 1);
    else lost.push(path.split("/").pop());
  }
  return [...new Set(lost)].slice(0, 3);
}

// XML comments are no part of the model: the library drops them.
export const hasComments = (xml) => {
  const tree = new DOMParser().parseFromString(xml, "application/xml");
  return tree.createNodeIterator(tree, NodeFilter.SHOW_COMMENT).nextNode() !== null;
};

const MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/";
const VERSIONS = {
  "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
  "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
  "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
  "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
};

// "" for DMN 1.3, the version for another, "?" for what is no DMN.
export function otherVersion(xml) {
  const top = new DOMParser().parseFromString(xml, "application/xml").documentElement;
  if (top.localName !== "definitions") return "?";
  return top.namespaceURI === MODEL ? "" : (VERSIONS[top.namespaceURI] ?? "?");
}
