// Bundles every frontend/<name>/index.js. The browser's go to static/build, the one that runs in
// the server's V8 isolate (frontend/feel) to workflows/_bundle. Called by `npm run build`.
import { build } from "esbuild";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";

const entries = readdirSync("frontend", { withFileTypes: true })
  .filter((d) => d.isDirectory() && existsSync(path.join("frontend", d.name, "index.js")))
  .map((d) => d.name);

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
    await build({ ...common, entryPoints: { [name]: entry }, outdir: "static/build", format: "iife", platform: "browser" });
  }
  console.log(`  bundled ${name}`);
}
