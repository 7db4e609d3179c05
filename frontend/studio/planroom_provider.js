// The group on top of the properties panel: what a plan's author knows, in an office's words.
import { Group } from "@bpmn-io/properties-panel";
import { getBusinessObject, is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { nameOf, readPair } from "./camunda_properties.js";
import { english, data, say } from "./page.js";
import { attribute, pair, select, text } from "./planroom_entries.js";
import { translate } from "./translate.js";
import { SHAPES, isTimer, shapeOf, textOf, timerOf, timersOn, writeTimer } from "./timers.js";

const AFTER_ALL_OTHERS = 100;

// What the panel of the camunda namespace offers but this product would refuse, or says again
// what our own group says in better words.
const LEFT_OUT = new Set(
  `Script StartInitiator AsynchronousContinuations JobExecution CandidateStarter FieldInjection HistoryCleanup
   Tasklist BusinessKey ExecutionListener TaskListener Input Output ConnectorInput ConnectorOutput Condition
   CallActivity ProcessVariables InMappingPropagation OutMappingPropagation Errors`
    .trim()
    .split(/\s+/)
    .map((name) => `CamundaPlatform__${name}`),
);

// A limit is a timer on the step, one truth (docs/developers.md).
const ENTRIES_LEFT_OUT = new Set(["dueDate"]);

const none = () => ({ value: "", label: say("none") });
const listed = (rows) => [none(), ...rows.map(({ key, name }) => ({ value: key, label: name }))];
const words = (name, keys) => [none(), ...keys.map((key) => ({ value: key, label: say(`${name}_${key}`) }))];

function otherTasks(registry) {
  return (element) => [
    none(),
    ...registry
      .filter((one) => is(one, "bpmn:UserTask") && one !== element && !one.labelTarget)
      .map((one) => ({ value: one.id, label: nameOf(one) })),
  ];
}

function names() {
  return [pair("name.en", text), pair("clause", text, { description: say("hint_clause") }), pair("origin", select, { options: words("origin", data.origins) })];
}

function taskEntries(element, registry) {
  const form = getBusinessObject(element).get("camunda:formKey");
  return [
    attribute("camunda:candidateGroups", select, { label: say("label_role"), options: listed(data.roles) }),
    attribute("camunda:formKey", select, {
      label: say("label_form"),
      options: [{ value: "", label: say("form_ordinary") }, ...data.forms.map(({ key, name }) => ({ value: key, label: name }))],
    }),
    ...(form === "planroom:statement-review" ? [pair("approvalKind", select, { options: words("kind", ["review", "secrecy", "legal", "countersign"]) })] : []),
    pair("notSameAs", select, { description: say("hint_notSameAs"), options: otherTasks(registry) }),
    pair("setsAnchor", select, { options: listed(data.anchors) }),
    ...timersOn(element).map(limitEntry),
    pair(english ? "help.en" : "help", text, { large: true }),
  ];
}

// A task's clock, changed where the task is: the author need not find the small circle on its edge.
function limitEntry(timer) {
  const kind = readPair(timer, "deadlineKind");
  return text({
    id: `planroom-limit-${timer.id}`,
    feel: true,
    label: say("label_limit", { kind: kind ? say(`deadline_${kind}`) : nameOf(timer) }),
    read: () => textOf(timerOf(timer)),
    write: (task, value, tools) => writeTimer(timer, shapeOf(timerOf(timer)), value, tools),
  });
}

function timerEntries(element) {
  const shape = () => shapeOf(timerOf(element));
  const entries = [
    select({
      id: "planroom-shape",
      label: say("label_shape"),
      options: SHAPES.map((one) => ({ value: one, label: say(`shape_${one}`) })),
      read: shape,
      write: (one, value, tools) => writeTimer(one, value, textOf(timerOf(one)), tools),
    }),
    text({
      id: "planroom-timer",
      feel: true,
      label: say("label_timer"),
      description: say(`hint_${shape()}`),
      read: () => textOf(timerOf(element)),
      write: (one, value, tools) => writeTimer(one, shapeOf(timerOf(one)), value, tools),
    }),
    pair("anchor", select, { options: listed(data.anchors) }),
  ];
  if (!is(element, "bpmn:BoundaryEvent")) return entries;
  return [
    pair("deadlineKind", select, { options: words("deadline", ["remind", "due", "escalate"]) }),
    pair("escalateTo", select, { options: listed(data.roles) }),
    ...entries,
  ];
}

function conditionEntry() {
  return text({
    id: "planroom-condition",
    feel: true,
    label: say("label_condition"),
    description: say("hint_condition"),
    read: (element) => getBusinessObject(element).get("conditionExpression")?.get("body") ?? "",
    write: (element, body, { modeling, bpmnFactory }) => {
      const flow = getBusinessObject(element);
      const present = flow.get("conditionExpression");
      if (present && body) modeling.updateModdleProperties(element, present, { body });
      else modeling.updateProperties(element, { conditionExpression: body ? bpmnFactory.create("bpmn:FormalExpression", { body }) : undefined });
    },
  });
}

// Only what leaves a choice, or a step, may bear a condition.
function mayHaveCondition(element) {
  const source = getBusinessObject(element).get("sourceRef");
  return is(element, "bpmn:SequenceFlow") && isAny(source, ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway", "bpmn:Activity"]);
}

function entriesFor(element, registry) {
  if (element.labelTarget) return entriesFor(element.labelTarget, registry);
  if (is(element, "bpmn:SequenceFlow")) return [...(mayHaveCondition(element) ? [conditionEntry()] : []), pair("name.en", text)];
  if (is(element, "bpmn:UserTask")) return [...taskEntries(element, registry), ...names()];
  if (isTimer(element)) return [...timerEntries(element), ...names()];
  if (is(element, "bpmn:CallActivity")) {
    const called = attribute("calledElement", select, { label: say("label_called"), options: listed(data.processes) });
    return [called, ...timersOn(element).map(limitEntry), ...names()];
  }
  if (is(element, "bpmn:Lane")) return [pair("roles", text, { description: say("hint_lane_roles") }), pair("name.en", text)];
  if (isAny(element, ["bpmn:FlowNode", "bpmn:Process"])) return [...timersOn(element).map(limitEntry), ...names()];
  return [];
}

class PlanroomProvider {
  constructor(propertiesPanel, elementRegistry) {
    this.registry = elementRegistry;
    propertiesPanel.registerProvider(AFTER_ALL_OTHERS, this);
  }

  getGroups(element) {
    return (groups) => {
      const kept = groups
        .filter(({ id }) => !LEFT_OUT.has(id) && !(id === "timer" && isTimer(element)))
        .map((group) => ({ ...group, translate, ...(group.entries ? { entries: group.entries.filter(({ id }) => !ENTRIES_LEFT_OUT.has(id)) } : {}) }));
      const entries = entriesFor(element, this.registry);
      if (!entries.length) return kept;
      const ours = { id: "planroom", label: say("group"), component: Group, entries, shouldOpen: true, translate };
      const at = kept.findIndex(({ id }) => id === "general") + 1;
      return [...kept.slice(0, at), ours, ...kept.slice(at)];
    };
  }
}
PlanroomProvider.$inject = ["propertiesPanel", "elementRegistry"];

export default { __init__: ["planroomProvider"], planroomProvider: ["type", PlanroomProvider] };
