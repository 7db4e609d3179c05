// CodeMirror writes its rules into a <style>, which our pages forbid. style-mod can also use
// constructed sheets, which they allow, but does so only inside a shadow root: so the document is
// shown to it as one.
import { StyleModule } from "../../node_modules/style-mod/src/style-mod.js";

const stands = new WeakMap();

function standIn(document) {
  if (!stands.has(document)) {
    stands.set(document, {
      ownerDocument: document,
      get adoptedStyleSheets() {
        return Array.from(document.adoptedStyleSheets);
      },
      set adoptedStyleSheets(sheets) {
        document.adoptedStyleSheets = sheets;
      },
    });
  }
  return stands.get(document);
}

const mount = StyleModule.mount;
StyleModule.mount = (root, modules) => mount(root.head ? standIn(root) : root, modules);

export { StyleModule };
