// The token simulation, and some buttons of the properties panel, write their English straight into
// the page: it is put into the reader's language as it appears. What an author wrote is left alone.
import { names } from "./english_names.js";
import { translate } from "./translate.js";

const OURS = [
  ...["palette", "log", "notifications", "notification", "context-pad", "element-notification", "set-animation-speed", "entry", "scope"].map((name) => `.bts-${name}`),
  ".bio-properties-panel button",
  ".bio-properties-panel-list-badge",
].join(", ");
// Here the panel says what is chosen, by its name in the file: an English reader's is another one.
const NAMED = ".bio-properties-panel-header-label";

function inWords(text) {
  const counted = /^(List contains )(\d+)( items?)$/.exec(text);
  if (counted) return translate(`${counted[1]}{numOfItems}${counted[3]}`, { numOfItems: counted[2] });
  // Titles of the simulation carry a key in brackets, or a value after an equals sign.
  const [, head, tail = ""] = /^(.*?)(\s*[(=].*)?$/s.exec(text);
  const found = translate(head);
  return found === head ? text : found + tail;
}

function put(element) {
  for (const one of [element, ...element.querySelectorAll("[title]")]) {
    const title = one.getAttribute("title");
    if (title && inWords(title) !== title) one.setAttribute("title", inWords(title));
  }
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data.trim();
    if (text && inWords(text) !== text) node.data = node.data.replace(text, inWords(text));
  }
}

function rename(label) {
  const text = label?.firstChild;
  if (names.has(text?.data)) text.data = names.get(text.data);
}

export function speakLater(container) {
  new MutationObserver((records) => {
    for (const { target, addedNodes, type } of records) {
      if (type === "characterData") {
        rename(target.parentElement?.closest(NAMED));
        continue;
      }
      if (type === "attributes") {
        if (target.closest(OURS)) put(target);
        continue;
      }
      for (const node of addedNodes) {
        const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
        if (!element) continue;
        rename(element.closest(NAMED) ?? element.querySelector(NAMED));
        if (element.closest(OURS)) put(element);
        else for (const one of element.querySelectorAll(OURS)) put(one);
      }
    }
  }).observe(container, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["title"] });
}
