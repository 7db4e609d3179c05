// A plan's names are Chinese; the English ones stand beside them as the property name.en.
const CAMUNDA = "http://camunda.org/schema/1.0/bpmn";

// The diagram's XML with the names a reader of this page's language expects.
export function inLanguage(xml) {
  if (document.documentElement.lang !== "en") return xml;
  const tree = new DOMParser().parseFromString(xml, "application/xml");
  const named = new Map();
  for (const property of tree.getElementsByTagNameNS(CAMUNDA, "property")) {
    if (property.getAttribute("name") !== "name.en") continue;
    const owner = property.parentNode.parentNode.parentNode;
    if (!property.getAttribute("value")) continue;
    named.set(owner.getAttribute("name"), property.getAttribute("value"));
    owner.setAttribute("name", property.getAttribute("value"));
  }
  // A pool is called as its process is.
  for (const one of tree.querySelectorAll("participant[name]")) {
    const english = named.get(one.getAttribute("name"));
    if (english) one.setAttribute("name", english);
  }
  return new XMLSerializer().serializeToString(tree);
}
