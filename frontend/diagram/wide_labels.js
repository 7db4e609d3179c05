// Names beside symbols were drawn for Chinese, which breaks anywhere. English words are kept whole:
// a label too narrow for its longest word is written wider, about the same middle. Only the drawing
// changes, never the file.
const WIDTH_OF_LETTER = 0.6; // of the font's size, on average

class WideLabels {
  constructor(textRenderer) {
    const { createText, getExternalStyle } = textRenderer;
    textRenderer.createText = (text, options) => {
      const { box, style } = options ?? {};
      const size = getExternalStyle().fontSize;
      const longest = Math.max(0, ...String(text).split(/\s+/).map((word) => word.length));
      const wanted = Math.ceil(longest * size * WIDTH_OF_LETTER) + 4;
      if (!box || style?.fontSize !== size || /[\u3400-\u9fff]/.test(text) || box.width >= wanted) {
        return createText.call(textRenderer, text, options);
      }
      const drawn = createText.call(textRenderer, text, { ...options, box: { ...box, width: wanted } });
      drawn.setAttribute("transform", `translate(${(box.width - wanted) / 2} 0)`);
      return drawn;
    };
  }
}
WideLabels.$inject = ["textRenderer"];

export default { __init__: ["wideLabels"], wideLabels: ["type", WideLabels] };
