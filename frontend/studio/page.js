// What the page hands over: see views/studio_diagram.py for its shape.
export const root = document.querySelector("[data-plan-editor]");
export const data = JSON.parse(root?.dataset.planEditor || "{}");
export const words = JSON.parse(root?.dataset.words || "{}");
export const english = document.documentElement.lang === "en";

// A word of the page with its %(name)s filled in.
export function say(key, values = {}) {
  return (words[key] ?? key).replace(/%\((\w+)\)s/g, (whole, name) => values[name] ?? whole);
}

// A small element; children that are no nodes become text, so nothing is ever read as markup.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}
