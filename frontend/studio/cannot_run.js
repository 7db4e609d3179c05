// Takes out of the menus what this product's engine refuses (workflows/check_shape.py), so that
// nobody draws what can never be put in force. What is in a file already stays.
const REFUSED = [
  /script-task/, /transaction/, /complex-gateway/, /ad-hoc/, /compensation/, /conditional-(start|intermediate|boundary)/,
  /link-(intermediate|throw|catch)/, /cancel-(boundary|end)/, /(error|escalation)-start/, /signal-end/,
];

const refused = (id) => REFUSED.some((pattern) => pattern.test(id));

class CannotRun {
  constructor(popupMenu) {
    for (const menu of ["bpmn-replace", "bpmn-append", "bpmn-create"]) popupMenu.registerProvider(menu, 100, this);
  }

  getPopupMenuEntries() {
    return this.without;
  }

  getPopupMenuHeaderEntries() {
    return this.without;
  }

  without(entries) {
    return Object.fromEntries(Object.entries(entries).filter(([id]) => !refused(id)));
  }
}
CannotRun.$inject = ["popupMenu"];

export default { __init__: ["cannotRun"], cannotRun: ["type", CannotRun] };
