// Whose work the built pages hold, under which licence, and what was changed: a file beside them,
// which the page names.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Plugin } from "vite";

/** What Vite finds in the bundle is written here first; see `build.license`. */
export const FOUND = "assets/licenses.json";
const PAGE = "index.html";

/** Packages whose own bundle holds those that they depend on. */
const BRING_OTHERS = ["@saleor/macaw-ui"];

const HEAD = `The Dashboard pages hold what these packages and this font are made of, each under its own licence.
They are bundled and minified, and otherwise as they were released; of the fonts in @saleor/macaw-ui
only Inter's upright one is kept.`;

interface Work {
  name: string;
  version: string;
  identifier?: string;
  text?: string;
}

interface Manifest {
  version: string;
  license?: string;
  dependencies?: Record<string, string>;
}

/** It says of itself what stands here. */
const INTER: Work = {
  name: "Inter",
  version: "3.019",
  identifier: "OFL-1.1",
  text: `Copyright © 2020 The Inter Project Authors\n\n${licenceText("OFL-1.1")}`,
};

let base = "";

export const licences: Plugin = {
  name: "licences",
  configResolved(config) {
    base = config.base;
  },
  generateBundle: {
    order: "post",
    handler(_options, bundle) {
      const [found, page] = [bundle[FOUND], bundle[PAGE]];
      if (found?.type !== "asset" || page?.type !== "asset") {
        this.error("nothing says what the bundle holds, or there is no page to name it");
      }
      const works = new Map<string, Work>();
      for (const work of JSON.parse(found.source.toString()) as Work[]) {
        works.set(work.name, work);
      }
      BRING_OTHERS.forEach((name) => addBrought(name, works));
      works.set(INTER.name, INTER);
      const sorted = [...works.values()].sort((one, other) => one.name.localeCompare(other.name));
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- how Rollup drops a file
      delete bundle[FOUND];
      const source = [HEAD, ...sorted.map(section), ""].join("\n\n");
      const written = this.getFileName(this.emitFile({ type: "asset", name: "licenses.txt", source }));
      const link = `<link rel="license" href="${base}${written}" />`;
      page.source = page.source.toString().replace("</head>", `  ${link}\n  </head>`);
    },
  },
};

/** Add what a package depends on, and what those depend on. */
function addBrought(name: string, works: Map<string, Work>): void {
  for (const brought of Object.keys(manifestOf(name).dependencies ?? {})) {
    if (!works.has(brought)) {
      works.set(brought, workOf(brought));
      addBrought(brought, works);
    }
  }
}

function workOf(name: string): Work {
  const { version, license } = manifestOf(name);
  const file = readdirSync(placeOf(name)).find((each) => /^(licen[cs]e|copying)/i.test(each));
  return {
    name,
    version,
    ...(license ? { identifier: license } : {}),
    ...(file ? { text: readFileSync(join(placeOf(name), file), "utf8") } : {}),
  };
}

function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(join(placeOf(name), "package.json"), "utf8")) as Manifest;
}

/** Where a package is installed; npm puts one version of each beside the others. */
function placeOf(name: string): string {
  const place = join(import.meta.dirname, "node_modules", name);
  if (!existsSync(place)) {
    throw new Error(`${name} isn't installed, so its licence isn't known`);
  }
  return place;
}

function section({ name, version, identifier, text }: Work): string {
  if (!identifier) {
    throw new Error(`${name} names no licence`);
  }
  return `## ${name} ${version} (${identifier})\n\n${(text ?? licenceText(identifier)).trim()}`;
}

/** The text of a licence that a package names without bringing it, nor who holds the rights. */
function licenceText(identifier: string): string {
  const require = createRequire(import.meta.url);
  const licence = require(`spdx-license-list/licenses/${identifier}`) as { licenseText: string };
  return licence.licenseText.replace(/^Copyright .*<.+>\s+/m, "");
}
