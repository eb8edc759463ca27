// Builds the pages into ../static, from where the plugin serves them.

import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { FOUND, licences } from "./licences";

const manifest = readFileSync(new URL("../../../../plugin.toml", import.meta.url), "utf8");
const id = /^id = "(.+)"$/m.exec(manifest)?.[1];
if (!id) {
  throw new Error("plugin.toml names no id");
}

// The components' stylesheet brings 48 font files; this one has all upright weights.
const KEPT_FONT = "Inter-roman.var";

const fewerFonts: Plugin = {
  name: "fewer-fonts",
  enforce: "pre",
  transform(code, file) {
    if (!file.includes("macaw-ui/dist/style.css")) {
      return null;
    }
    return code.replace(/@font-face\{[^}]*\}/g, (face) => (face.includes(KEPT_FONT) ? face : ""));
  },
};

export default defineConfig({
  // Absolute: a page is served under every path, and relative addresses would follow it.
  base: `/plugins/global/${id}/ui/`,
  plugins: [fewerFonts, react(), licences],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: FOUND },
  },
});
