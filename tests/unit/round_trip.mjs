// Reads BPMN files with bpmn-moddle, as every bpmn.io modeler does, and writes them again. Prints
// JSON: file -> { warnings, xml }. With --limit=ID:TEXT the time of that timer is changed first.
import { BpmnModdle } from "bpmn-moddle";
import { readFileSync } from "node:fs";

const camunda = JSON.parse(readFileSync(new URL("../../node_modules/camunda-bpmn-moddle/resources/camunda.json", import.meta.url)));
const moddle = new BpmnModdle({ camunda });
const change = process.argv.find((one) => one.startsWith("--limit="))?.slice(8).split("=");
const answer = {};
for (const file of process.argv.slice(2).filter((one) => !one.startsWith("--"))) {
  const { rootElement, elementsById, warnings } = await moddle.fromXML(readFileSync(file, "utf8"));
  if (change) elementsById[change[0]].timeDate.body = change[1];
  const { xml } = await moddle.toXML(rootElement, { format: true });
  answer[file] = { warnings: warnings.map(({ message }) => message), xml };
}
process.stdout.write(JSON.stringify(answer));
