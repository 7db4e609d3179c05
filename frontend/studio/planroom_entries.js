// Entries of the properties panel, each a function the panel calls with the chosen element.
import { FeelTextAreaEntry, SelectEntry, TextAreaEntry, TextFieldEntry } from "@bpmn-io/properties-panel";
import { useService } from "bpmn-js-properties-panel";
import { getBusinessObject } from "bpmn-js/lib/util/ModelUtil";
import { readPair, writePair } from "./camunda_properties.js";
import { say } from "./page.js";
import { translate } from "./translate.js";
import { variablesIn } from "./variables.js";

function useTools() {
  return { modeling: useService("modeling"), bpmnFactory: useService("bpmnFactory") };
}

// What is chosen but not on offer (several roles, a role that was taken out) stays to be seen.
function withPresent(options, value) {
  const known = !value || options.some((one) => one.value === value);
  return known ? options : [...options, { value, label: value }];
}

// The components are the same functions each time: a new one would take the place of the field
// somebody is typing in.
function SelectPart({ element, id, label, description, options, read, write }) {
  const tools = useTools();
  return SelectEntry({
    element,
    id,
    label,
    description,
    getValue: () => read(element),
    setValue: (value) => write(element, value, tools),
    getOptions: () => withPresent(typeof options === "function" ? options(element) : options, read(element)),
  });
}

function TextPart({ element, id, label, description, read, write, large }) {
  const tools = useTools();
  const debounce = useService("debounceInput");
  const common = { element, id, label, description, debounce, getValue: () => read(element), setValue: (value) => write(element, value ?? "", tools) };
  return large ? TextAreaEntry({ ...common, autoResize: true, rows: 2 }) : TextFieldEntry(common);
}

function FeelPart({ element, id, label, description, read, write }) {
  const tools = useTools();
  const debounce = useService("debounceInput");
  const registry = useService("elementRegistry");
  return FeelTextAreaEntry({
    element,
    id,
    label,
    description,
    debounce,
    translate,
    feel: "required",
    // The editor puts "=" before an expression, our files do not.
    getValue: () => (read(element) ? `=${read(element).replace(/^\s*=/, "")}` : ""),
    setValue: (value) => write(element, (value ?? "").replace(/^=/, "").trim(), tools),
    variables: variablesIn(registry),
  });
}

export function select(settings) {
  return { ...settings, component: SelectPart, isEdited: (node) => Boolean(node?.value) };
}

export function text({ feel = false, ...settings }) {
  return { ...settings, component: feel ? FeelPart : TextPart, isEdited: (node) => Boolean(node?.value || node?.textContent) };
}

// An entry for one of our pairs in camunda:properties.
export function pair(name, kind, settings = {}) {
  return kind({
    id: `planroom-${name}`,
    label: say(`label_${name.replace(".", "_")}`),
    ...settings,
    read: (element) => readPair(element, name),
    write: (element, value, tools) => writePair(element, name, value.trim(), tools),
  });
}

// An entry for an attribute of the element itself.
export function attribute(name, kind, settings) {
  return kind({
    id: `planroom-${name.replace(":", "-")}`,
    ...settings,
    read: (element) => getBusinessObject(element).get(name) ?? "",
    write: (element, value, { modeling }) => modeling.updateProperties(element, { [name]: value || undefined }),
  });
}
