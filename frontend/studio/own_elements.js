// What an author draws is the unit's own: no text stands behind it (property origin).
import CommandInterceptor from "diagram-js/lib/command/CommandInterceptor";
import { getBusinessObject, isAny } from "bpmn-js/lib/util/ModelUtil";
import { readPair, writePair } from "./camunda_properties.js";

const MARKED = ["bpmn:UserTask", "bpmn:CallActivity", "bpmn:SubProcess", "bpmn:BoundaryEvent", "bpmn:IntermediateCatchEvent"];

class OwnElements extends CommandInterceptor {
  constructor(eventBus, modeling, bpmnFactory) {
    super(eventBus);
    this.postExecuted(["shape.create", "shape.replace"], ({ context }) => {
      const shape = context.newShape ?? context.shape;
      // A copy says already where it comes from.
      if (shape.labelTarget || !isAny(shape, MARKED) || readPair(shape, "origin") || readPair(shape, "clause")) return;
      if (getBusinessObject(shape).get("camunda:modelerTemplate")) return;
      writePair(shape, "origin", "unit", { modeling, bpmnFactory });
    });
  }
}
OwnElements.$inject = ["eventBus", "modeling", "bpmnFactory"];

export default { __init__: ["ownElements"], ownElements: ["type", OwnElements] };
