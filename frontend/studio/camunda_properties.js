// The key-value pairs of an element (camunda:properties), each change one step to undo.
import { getBusinessObject } from "bpmn-js/lib/util/ModelUtil";
import { english } from "./page.js";

function holderOf(element) {
  return getBusinessObject(element);
}

function listOf(element) {
  const extensions = holderOf(element).get("extensionElements");
  return extensions?.get("values").find((one) => one.$type === "camunda:Properties");
}

function pairOf(element, name) {
  return listOf(element)?.get("values").find((one) => one.get("name") === name);
}

export function readPair(element, name) {
  return pairOf(element, name)?.get("value") ?? "";
}

// What an element is called in the reader's language, its id where it has no name.
export function nameOf(element) {
  const object = holderOf(element);
  return (english && readPair(element, "name.en")) || object.get("name") || object.id;
}

// Writes a pair, an empty value takes it away. `tools` are the modeler's { modeling, bpmnFactory }.
export function writePair(element, name, value, { modeling, bpmnFactory }) {
  const pair = pairOf(element, name);
  const list = listOf(element);
  if (pair && value) {
    modeling.updateModdleProperties(element, pair, { value });
  } else if (pair) {
    modeling.updateModdleProperties(element, list, { values: list.get("values").filter((one) => one !== pair) });
  } else if (value) {
    const added = bpmnFactory.create("camunda:Property", { name, value });
    if (list) {
      added.$parent = list;
      modeling.updateModdleProperties(element, list, { values: [...list.get("values"), added] });
    } else {
      addList(element, added, { modeling, bpmnFactory });
    }
  }
}

function addList(element, added, { modeling, bpmnFactory }) {
  const holder = holderOf(element);
  const list = bpmnFactory.create("camunda:Properties", { values: [added] });
  added.$parent = list;
  const extensions = holder.get("extensionElements");
  if (extensions) {
    list.$parent = extensions;
    modeling.updateModdleProperties(element, extensions, { values: [...extensions.get("values"), list] });
  } else {
    const made = bpmnFactory.create("bpmn:ExtensionElements", { values: [list] });
    list.$parent = made;
    made.$parent = holder;
    modeling.updateModdleProperties(element, holder, { extensionElements: made });
  }
}
