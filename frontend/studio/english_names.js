// An English reader sees the names a plan has in English (property name.en) and edits those, where
// an element has one; what the file calls it in Chinese stays.
import { getBusinessObject } from "bpmn-js/lib/util/ModelUtil";
import { readPair, writePair } from "./camunda_properties.js";
import wideLabels from "../diagram/wide_labels.js";
import { english } from "./page.js";

const FIRST = 3000;

// Of the open file: Chinese name -> English.
export const names = new Map();

class EnglishNames {
  constructor(eventBus, textRenderer, labelEditingProvider, modeling, bpmnFactory, bpmnSearch) {
    const learn = (object) => {
      const pair = object.get("name") && readPair(object, "name.en");
      if (pair) names.set(object.get("name"), pair);
    };
    eventBus.on("import.render.start", FIRST, ({ definitions }) => {
      names.clear();
      walk(definitions, learn);
    });
    eventBus.on("elements.changed", FIRST, ({ elements }) => elements.forEach((one) => learn(getBusinessObject(one))));

    const createText = textRenderer.createText;
    textRenderer.createText = (text, options) => createText.call(textRenderer, names.get(text) ?? text, options);

    const search = bpmnSearch._search;
    bpmnSearch._search = (items, ...rest) =>
      search(items.map((one) => ({ ...one, label: names.get(one.label) ?? one.label })), ...rest);

    const { activate, update } = labelEditingProvider;
    labelEditingProvider.activate = (element) => {
      const context = activate.call(labelEditingProvider, element);
      return context && { ...context, text: readPair(element, "name.en") || context.text };
    };
    labelEditingProvider.update = (element, text, ...rest) => {
      if (readPair(element, "name.en") && text?.trim()) writePair(element, "name.en", text, { modeling, bpmnFactory });
      else update.call(labelEditingProvider, element, text, ...rest);
    };
  }
}
EnglishNames.$inject = ["eventBus", "textRenderer", "labelEditingProvider", "modeling", "bpmnFactory", "bpmnSearch"];

// Everything with a name below a part of the model.
function walk(part, tell) {
  if (part.$instanceOf?.("bpmn:BaseElement") && "name" in part) tell(part);
  for (const property of part.$descriptor?.properties ?? []) {
    if (property.isReference || property.isAttr || !(property.name in part)) continue;
    const inner = part[property.name];
    for (const one of Array.isArray(inner) ? inner : [inner]) if (one?.$descriptor) walk(one, tell);
  }
}

export default english ? { __depends__: [wideLabels], __init__: ["wideLabels", "englishNames"], englishNames: ["type", EnglishNames] } : {};
