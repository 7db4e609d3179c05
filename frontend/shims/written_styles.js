// Puts in force what libraries write as style="..." into markup (tools/build.mjs makes it
// data-style="..."): our pages forbid inline styles, not the CSSOM.
function apply(element) {
  element.style.cssText = element.getAttribute("data-style");
  element.removeAttribute("data-style");
}

export function watchWrittenStyles(root = document.documentElement) {
  new MutationObserver((records) => {
    for (const { addedNodes } of records) {
      for (const node of addedNodes) {
        if (node.nodeType !== Node.ELEMENT_NODE) continue;
        if (node.hasAttribute("data-style")) apply(node);
        for (const inner of node.querySelectorAll("[data-style]")) apply(inner);
      }
    }
  }).observe(root, { subtree: true, childList: true });
}
