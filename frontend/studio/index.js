// The diagram editor of a draft: bpmn-js with a properties panel, saved as one types.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn.css";
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import "bpmn-js-element-templates/dist/assets/element-templates.css";
import "diagram-js-minimap/assets/diagram-js-minimap.css";
import "bpmn-js-bpmnlint/dist/assets/css/bpmn-js-bpmnlint.css";
import "bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css";
import "./studio.css";
import { watchWrittenStyles } from "../shims/written_styles.js";
import { watchFeelTyping } from "./feel_typing.js";
import { Message } from "./message.js";
import { data, root, say } from "./page.js";
import { Studio } from "./studio.js";
import { Toolbar } from "./toolbar.js";

if (root) {
  watchWrittenStyles();
  watchFeelTyping();
  const message = new Message();
  const studio = new Studio(message);
  new Toolbar(studio, message);
  studio
    .open(data.start, data.element)
    .then(() => studio.findings.load())
    .catch(() => message.show(say("not_opened"), "danger"));
}
