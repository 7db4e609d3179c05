// The editor's libraries speak English; bpmn-js-i18n and our own dictionary make it Chinese.
import chinese from "bpmn-js-i18n/translations/zn.js";
import { dictionary } from "./dictionary.js";
import { english } from "./page.js";

// Their Chinese has full-width brackets; our pages write half-width ones. Libraries write the same
// words with and without capitals.
const halfWidth = (text) => text.replace(/\s*（/g, "(").replace(/）/g, ")");
const plain = (text) => text.toLowerCase().trim();

const table = new Map();
if (!english) {
  for (const [key, text] of [...Object.entries(chinese), ...Object.entries(dictionary)]) table.set(plain(key), halfWidth(text));
}

export function translate(template, replacements = {}) {
  if (typeof template !== "string") return template;
  const text = table.get(plain(template)) ?? template;
  return text.replace(/{([^}]+)}/g, (whole, key) => replacements[key] ?? whole);
}

export default { translate: ["value", translate] };
