// Adding a ready-made step: after what is chosen, or in the middle of what is seen.
import { getBusinessObject, isAny } from "bpmn-js/lib/util/ModelUtil";
import { writePair } from "./camunda_properties.js";
import { say } from "./page.js";
import { timersOn } from "./timers.js";

const CLOCKED = ["bpmn:Task", "bpmn:CallActivity", "bpmn:SubProcess"];
const LIMIT = "PT1H";
// Between two steps, in the drawing's units.
const GAP = 50;
// Where a clock's own path ends. A name in the file is Chinese, with English beside it.
const END = { zh: "已上报", en: "Superior told" };

// A connection's points when all right of `start` moves by `width`: its ends go with the shapes they
// hang on, and so does a bend straight above or below an end.
function stretched({ waypoints, source, target }, start, width, follows) {
  const moves = waypoints.map(({ x }) => x > start);
  const last = waypoints.length - 1;
  moves[0] = follows(source, waypoints[0]);
  moves[last] = follows(target, waypoints[last]);
  if (last > 2 && waypoints[1].x === waypoints[0].x) moves[1] = moves[0];
  if (last > 2 && waypoints[last - 1].x === waypoints[last].x) moves[last - 1] = moves[last];
  return waypoints.map(({ x, y }, i) => ({ x: moves[i] ? x + width : x, y }));
}

// Several commands as one step to undo.
class Together {
  preExecute({ run }) {
    run();
  }
}

export class Steps {
  // `tell` says why a step could not be added.
  constructor(modeler, tell) {
    this.get = (name) => modeler.get(name);
    this.tell = tell;
    this.get("commandStack").registerHandler("planroom.together", Together);
  }

  add(kind) {
    const chosen = this.get("selection").get().find((one) => !one.labelTarget && !one.waypoints);
    if (kind.deadline && !isAny(chosen, CLOCKED)) {
      this.tell(say("choose_a_task"));
      return;
    }
    let added;
    const run = () => {
      added = kind.deadline ? this.addDeadline(kind, chosen) : this.addTask(kind, chosen);
    };
    this.get("commandStack").execute("planroom.together", { run });
    this.get("selection").select(added);
    this.get("canvas").scrollToElement(added, 120);
    this.get("canvas").focus();
  }

  addTask(kind, chosen) {
    const shape = this.get("elementFactory").createShape({ type: "bpmn:UserTask" });
    const added = this.put(shape, chosen);
    this.dress(added, kind);
    if (kind.fields) this.addForm(added, kind.fields);
    return added;
  }

  // After what is chosen: into its way on, where there is just one, else as a way on of its own.
  put(shape, chosen) {
    if (!chosen || !isAny(chosen, ["bpmn:FlowNode"]) || isAny(chosen, ["bpmn:EndEvent"])) return this.place(shape);
    const ways = chosen.outgoing.filter((one) => isAny(one, ["bpmn:SequenceFlow"]));
    if (ways.length !== 1 || isAny(chosen, ["bpmn:Gateway"])) return this.get("autoPlace").append(chosen, shape);
    const [way] = ways;
    const modeling = this.get("modeling");
    const wanted = shape.width + 2 * GAP - (way.target.x - chosen.x - chosen.width);
    if (way.target.x > chosen.x && wanted > 0) this.makeRoom(chosen, Math.ceil(wanted / 10) * 10);
    const middle = { x: chosen.x + chosen.width + GAP + shape.width / 2, y: chosen.y + chosen.height / 2 };
    const added = modeling.createShape(shape, middle, chosen.parent);
    modeling.reconnectStart(way, added, { x: added.x + added.width, y: middle.y });
    modeling.layoutConnection(way);
    modeling.connect(chosen, added, { type: "bpmn:SequenceFlow" });
    return added;
  }

  // Moves all that lies right of a step. The space tool lays some connections anew, across what
  // stands there: they keep the way they had, stretched.
  makeRoom(step, width) {
    const start = step.x + step.width + GAP / 4;
    const modeling = this.get("modeling");
    const all = this.get("elementRegistry").filter((one) => one.parent);
    const { movingShapes, resizingShapes } = this.get("spaceTool").calculateAdjustments(all, "x", width, start);
    const follows = (shape, { x }) => movingShapes.includes(shape) || (resizingShapes.includes(shape) && x > start);
    const ways = all.filter((one) => one.waypoints).map((one) => [one, stretched(one, start, width, follows)]);
    modeling.createSpace(movingShapes, resizingShapes, { x: width, y: 0 }, "e", start);
    for (const [one, points] of ways) {
      const same = one.waypoints.length === points.length && one.waypoints.every(({ x, y }, i) => x === points[i].x && y === points[i].y);
      if (!same) modeling.updateWaypoints(one, points);
    }
  }

  // Where nothing is chosen: in the middle of the paper, in whatever lies there.
  place(shape) {
    const canvas = this.get("canvas");
    const { x, y, width, height } = canvas.viewbox();
    const middle = { x: Math.round(x + width / 2), y: Math.round(y + height / 2) };
    const pool = this.get("elementRegistry").find((one) => isAny(one, ["bpmn:Participant"]));
    return this.get("modeling").createShape(shape, middle, pool ?? canvas.getRootElement());
  }

  // A clock that hangs on a step and ends in an event of its own, so that no path is left open.
  addDeadline(kind, chosen) {
    const factory = this.get("elementFactory");
    const bpmn = this.get("bpmnFactory");
    const clock = factory.createShape({ type: "bpmn:BoundaryEvent", eventDefinitionType: "bpmn:TimerEventDefinition" });
    const object = getBusinessObject(clock);
    object.cancelActivity = false;
    const timer = object.get("eventDefinitions")[0];
    timer.timeDuration = bpmn.create("bpmn:FormalExpression", { body: LIMIT });
    timer.timeDuration.$parent = timer;
    const along = Math.min(chosen.width - 20, 20 + 45 * timersOn(chosen).length);
    const spot = { x: chosen.x + along, y: chosen.y + chosen.height };
    const added = this.get("modeling").createShape(clock, spot, chosen, { attach: true });
    this.dress(added, kind);
    const end = factory.createShape({ type: "bpmn:EndEvent" });
    this.get("autoPlace").append(added, end);
    this.get("modeling").updateProperties(end, { name: END.zh });
    writePair(end, "name.en", END.en, { modeling: this.get("modeling"), bpmnFactory: bpmn });
    return added;
  }

  dress(element, kind) {
    this.get("elementTemplates").applyTemplate(element, kind.template);
  }

  addForm(element, fields) {
    const bpmn = this.get("bpmnFactory");
    const create = (type, attributes, parent) => Object.assign(bpmn.create(type, attributes), { $parent: parent });
    const object = getBusinessObject(element);
    const extensions = object.get("extensionElements") ?? create("bpmn:ExtensionElements", { values: [] }, object);
    const form = create("camunda:FormData", {}, extensions);
    form.fields = fields.map((field) => formField(field, form, create));
    this.get("modeling").updateModdleProperties(element, extensions, { values: [...extensions.get("values"), form] });
  }
}

function formField({ id, type, label, required, widget, ...rest }, form, create) {
  const field = create("camunda:FormField", { id, type, label }, form);
  const pairs = [["label.en", rest["label.en"]], ["widget", widget]].filter(([, value]) => value);
  field.properties = create("camunda:Properties", {}, field);
  field.properties.values = pairs.map(([key, value]) => create("camunda:Property", { id: key, value }, field.properties));
  if (required) {
    field.validation = create("camunda:Validation", {}, field);
    field.validation.constraints = [create("camunda:Constraint", { name: "required", config: "true" }, field.validation)];
  }
  return field;
}
