// Typing over selected text, the browser carries the look of what was there along as an inline
// style, which our pages forbid and CodeMirror throws away at once: it is given the new text first.
import { EditorView } from "@codemirror/view";

function typeOver(event) {
  if (event.inputType !== "insertText" || event.isComposing || !event.data) return;
  const content = event.target.closest?.(".cm-content");
  const view = content && EditorView.findFromDOM(content);
  if (!view || view.state.readOnly || view.state.selection.main.empty) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { from, to } = view.state.selection.main;
  const insert = () => view.state.update(view.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
  const taken = view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, event.data, insert));
  if (!taken) view.dispatch(insert());
}

export function watchFeelTyping() {
  document.addEventListener("beforeinput", typeOver, { capture: true });
}
