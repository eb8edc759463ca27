/**
 * One page of an App, for whoever drives the browser: `harness` is the frame around it.
 *
 * In the query: `api`, `app` (its address) and `id`, `path`, `session` (a token of the one who
 * looks), `theme`, `locale`; for a widget `extension` (its id), and `customerId` or `orderId`.
 */

import { Frame } from "./frame.js";

const wanted = new URLSearchParams(location.search);
const api = wanted.get("api");
const extension = wanted.get("extension");
const PLACES = ["customerId", "orderId"];

async function ask(query, id) {
  const headers = { "Content-Type": "application/json", "Authorization-Bearer": wanted.get("session") };
  const body = JSON.stringify({ query, variables: { id } });
  const answer = await fetch(api, { method: "POST", headers, body });
  return (await answer.json()).data;
}

async function tokenOfApp() {
  if (extension) {
    const query = "query ($id: ID!) { appExtension(id: $id) { accessToken } }";
    return (await ask(query, extension)).appExtension.accessToken;
  }
  return (await ask("query ($id: ID!) { app(id: $id) { accessToken } }", wanted.get("id"))).app.accessToken;
}

const harness = new Frame({
  api,
  app: { id: wanted.get("id"), url: wanted.get("app") },
  tokenOfApp,
  theme: wanted.get("theme") ?? undefined,
  locale: wanted.get("locale") ?? undefined,
  heard: (type, { newRoute }) => {
    if (type === "updateRouting") {
      // As the Dashboard does: its own address remembers where the App is.
      wanted.set("path", newRoute);
      history.replaceState(null, "", `?${wanted}`);
    }
  },
});
window.harness = harness;
harness.open(
  wanted.get("path") ?? "/",
  Object.fromEntries(PLACES.filter((name) => wanted.has(name)).map((name) => [name, wanted.get(name)])),
);
document.body.append(harness.element);
