// The kinds of step an author adds ready made. They are element templates of the Camunda 7 kind:
// what they set are attributes and camunda:properties as docs/developers.md has them.
import { data, english } from "./page.js";
import kinds from "./task_kinds.json";

const local = (texts) => (english ? texts.en : texts.zh);
const hidden = (value, binding) => ({ type: "Hidden", value, binding });
const attribute = (name) => ({ type: "property", name });
const pair = (name) => ({ type: "camunda:property", name });

function role(kind) {
  const choices = data.roles.map(({ key, name }) => ({ value: key, name }));
  const meant = data.roles.some(({ key }) => key === kind.role) ? kind.role : data.roles[0]?.key ?? "";
  return { label: local(kind.roleLabel), type: "Dropdown", value: meant, choices, constraints: { notEmpty: true } };
}

function template(kind) {
  const deadline = kind.appliesTo === "bpmn:BoundaryEvent";
  const properties = [
    hidden(kind.name.zh, attribute("name")),
    hidden(kind.name.en, pair("name.en")),
    hidden("unit", pair("origin")),
    ...(data.roles.length ? [{ ...role(kind), binding: deadline ? pair("escalateTo") : attribute("camunda:candidateGroups") }] : []),
    ...(kind.formKey ? [hidden(kind.formKey, attribute("camunda:formKey"))] : []),
    ...Object.entries(kind.properties ?? {}).map(([name, value]) => hidden(value, pair(name))),
  ];
  return {
    id: `planroom.${kind.key}`,
    name: local(kind.name),
    description: local(kind.description),
    version: 1,
    appliesTo: [kind.appliesTo],
    properties,
  };
}

export const taskKinds = kinds.map((kind) => ({ key: kind.key, name: local(kind.name), deadline: kind.appliesTo === "bpmn:BoundaryEvent", fields: kind.fields, template: template(kind) }));
