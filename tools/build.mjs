// Bundles every frontend/<name>/index.js. The browser's go to static/build, the one that runs in
// the server's V8 isolate (frontend/feel) to workflows/_bundle. Called by `npm run build`.
import { build } from "esbuild";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";

const entries = readdirSync("frontend", { withFileTypes: true })
  .filter((d) => d.isDirectory() && existsSync(path.join("frontend", d.name, "index.js")))
  .map((d) => d.name);

// Pages forbid inline styles. Libraries that write style="..." into markup write data-style="..."
// instead, which frontend/shims/written_styles.js puts in force through the CSSOM.
const MARKUP = /node_modules[\\/](bpmn-js|bpmn-js-color-picker|bpmn-js-token-simulation|bpmn-js-properties-panel|diagram-js|dmn-js[a-z-]*)[\\/].*\.js$/;
const writtenStyles = {
  name: "written-styles",
  setup(bundler) {
    bundler.onLoad({ filter: MARKUP }, ({ path: file }) => ({
      contents: readFileSync(file, "utf8").replace(/([\s`'"])style="/g, '$1data-style="'),
      loader: "js",
    }));
  },
};

const common = {
  bundle: true,
  minify: true,
  legalComments: "none",
  logLevel: "warning",
  target: ["es2022"],
  loader: { ".woff": "file", ".woff2": "file", ".ttf": "file", ".eot": "file", ".svg": "file" },
};

rmSync("static/build", { recursive: true, force: true });
for (const name of entries) {
  const entry = path.join("frontend", name, "index.js");
  if (name === "feel") {
    mkdirSync("workflows/_bundle", { recursive: true });
    await build({ ...common, entryPoints: [entry], outfile: "workflows/_bundle/feel.js", format: "iife", platform: "neutral", mainFields: ["module", "main"] });
  } else {
    await build({
      ...common,
      entryPoints: { [name]: entry },
      outdir: "static/build",
      format: "iife",
      platform: "browser",
      alias: {
        "style-mod": "./frontend/shims/style_mod.js",
        // bpmn.io's menus and panel share one preact: two versions would not draw each other's parts.
        preact: "@bpmn-io/properties-panel/preact",
      },
      plugins: [writtenStyles],
    });
  }
  console.log(`  bundled ${name}`);
}
