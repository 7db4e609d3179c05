// What an expression may name, in the shape the FEEL editor completes from: the plan's variables,
// its anchors and settings, and the answers of this process's user tasks.
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";
import { nameOf } from "./camunda_properties.js";
import { data, english, say } from "./page.js";

const FIELD_TYPES = { long: "number", boolean: "boolean", date: "date" };

const labelOf = (field) => field.get("properties")?.get("values").find((one) => one.get("id") === "label.en")?.get("value");

function fieldsOf(task) {
  const extensions = getBusinessObject(task).get("extensionElements");
  const form = extensions?.get("values").find((one) => one.$type === "camunda:FormData");
  return (form?.get("fields") ?? []).map((field) => ({
    name: field.get("id"),
    info: (english && labelOf(field)) || field.get("label") || "",
    detail: FIELD_TYPES[field.get("type")] ?? "string",
  }));
}

// The same list as long as nothing in it changes: the editor closes its suggestions on a new one.
let last = { text: "", list: [] };

export function variablesIn(elementRegistry) {
  const list = listOf(elementRegistry);
  const text = JSON.stringify(list);
  if (text !== last.text) last = { text, list };
  return last.list;
}

function listOf(elementRegistry) {
  const tasks = new Map();
  for (const task of elementRegistry.filter((one) => is(one, "bpmn:UserTask") && !one.labelTarget)) {
    const object = getBusinessObject(task);
    const form = object.get("camunda:formKey");
    const entries = [...fieldsOf(task), ...(data.results[form] ?? [])];
    tasks.set(object.id, { name: object.id, info: nameOf(task), detail: "context", entries });
  }
  const named = [
    ...data.variables.map(({ name, type }) => ({ name, detail: type, info: say("plan_variable") })),
    ...data.anchors.map(({ key, name }) => ({ name: key, detail: "date and time", info: name })),
  ].filter(({ name }) => name !== "settings" && !tasks.has(name));
  const settings = data.settings.map(({ key, type, name }) => ({ name: key, detail: type, info: name }));
  return [
    ...named,
    ...tasks.values(),
    ...(settings.length ? [{ name: "settings", detail: "context", info: say("settings"), entries: settings }] : []),
  ];
}
