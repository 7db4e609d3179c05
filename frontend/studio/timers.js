// Timers: the text of a timer event, and the deadlines that hang on a task.
import { getBusinessObject, is } from "bpmn-js/lib/util/ModelUtil";

export const SHAPES = ["timeDuration", "timeDate", "timeCycle"];

export function timerOf(element) {
  return getBusinessObject(element).get("eventDefinitions")?.find((one) => is(one, "bpmn:TimerEventDefinition"));
}

export function isTimer(element) {
  return is(element, "bpmn:Event") && Boolean(timerOf(element));
}

// Which of SHAPES the timer's text stands in; a length of time where there is none yet.
export function shapeOf(timer) {
  return SHAPES.find((shape) => timer.get(shape)) ?? "timeDuration";
}

export function textOf(timer) {
  return timer.get(shapeOf(timer))?.get("body") ?? "";
}

// Puts the text into `shape` and empties the others, as one step to undo.
export function writeTimer(element, shape, body, { modeling, bpmnFactory }) {
  const timer = timerOf(element);
  const present = timer.get(shapeOf(timer));
  if (present && shape === shapeOf(timer) && body) {
    modeling.updateModdleProperties(element, present, { body });
    return;
  }
  const changed = Object.fromEntries(SHAPES.map((one) => [one, undefined]));
  if (body) {
    changed[shape] = bpmnFactory.create("bpmn:FormalExpression", { body });
    changed[shape].$parent = timer;
  }
  modeling.updateModdleProperties(element, timer, changed);
}

export function timersOn(element) {
  return (element.attachers ?? []).filter((one) => is(one, "bpmn:BoundaryEvent") && isTimer(one));
}
