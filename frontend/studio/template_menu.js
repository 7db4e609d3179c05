// The choice of a ready-made kind for a step that is there already: opened by "select" in the
// properties panel.
import { translate } from "./translate.js";

const MENU = "planroom-templates";

class TemplateMenu {
  constructor(eventBus, popupMenu, elementTemplates, canvas, elementRegistry) {
    this.templates = elementTemplates;
    popupMenu.registerProvider(MENU, this);
    eventBus.on("elementTemplates.select", ({ element }) => {
      const box = canvas.getContainer().getBoundingClientRect();
      const shape = elementRegistry.getGraphics(element).getBoundingClientRect();
      const place = { x: shape.left - box.left, y: shape.bottom - box.top + 5 };
      // After the click itself, which would close what it opened.
      setTimeout(() => popupMenu.open(element, MENU, place, { title: translate("Template"), width: 280 }));
    });
  }

  getPopupMenuEntries(element) {
    const entry = (template) => ({
      label: template.name,
      description: template.description,
      action: () => this.templates.applyTemplate(element, template),
    });
    return Object.fromEntries(this.templates.getLatest(element).map((template) => [template.id, entry(template)]));
  }
}
TemplateMenu.$inject = ["eventBus", "popupMenu", "elementTemplates", "canvas", "elementRegistry"];

export default { __init__: ["templateMenu"], templateMenu: ["type", TemplateMenu] };
