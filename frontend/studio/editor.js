// The modeler with everything the studio adds to it.
import Modeler from "bpmn-js/lib/Modeler";
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, CamundaPlatformPropertiesProviderModule } from "bpmn-js-properties-panel";
import { ElementTemplatesPropertiesProviderModule } from "bpmn-js-element-templates";
import behaviors from "camunda-bpmn-js-behaviors/lib/camunda-platform";
import camunda from "camunda-bpmn-moddle/resources/camunda.json";
import minimap from "diagram-js-minimap";
import colours from "bpmn-js-color-picker";
import linting from "bpmn-js-bpmnlint";
import simulation from "bpmn-js-token-simulation/lib/modeler";
import cannotRun from "./cannot_run.js";
import englishNames from "./english_names.js";
import { configuration } from "./lint.js";
import ownElements from "./own_elements.js";
import planroom from "./planroom_provider.js";
import templateMenu from "./template_menu.js";
import { taskKinds } from "./templates.js";
import translate from "./translate.js";

// bpmn-js sorts the drawn parts of a file anew on each save; ours keeps the order it was read in, so
// that a save changes nothing but what the author did.
const keepOrder = { bpmnDiOrdering: ["value", null] };

export function makeModeler(canvas, panel) {
  return new Modeler({
    container: canvas,
    propertiesPanel: { parent: panel },
    elementTemplates: taskKinds.map(({ template }) => template),
    linting: { bpmnlint: configuration },
    moddleExtensions: { camunda },
    additionalModules: [
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      CamundaPlatformPropertiesProviderModule,
      ElementTemplatesPropertiesProviderModule,
      behaviors,
      minimap,
      colours,
      linting,
      simulation,
      cannotRun,
      englishNames,
      keepOrder,
      ownElements,
      planroom,
      templateMenu,
      translate,
    ],
  });
}
