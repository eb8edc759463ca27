/**
 * What the Dashboard is around an App's pages: who is signed in, where one can go, how it looks.
 */

import { Frame } from "./frame.js";

const CHECK_MS = 10_000;
const NOTE_MS = 8_000;
/** Tokens are good for five minutes; one with less left than this is replaced. */
const LEAST_SECONDS = 60;

const settings = await (await fetch("settings.json")).json();
const wanted = new URLSearchParams(location.search);
const $ = (id) => document.getElementById(id);

let session = null; // { token, refreshToken }
let handedOut = null;

async function ask(query, variables, token) {
  const response = await fetch(settings.apiUrl, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(token && { "Authorization-Bearer": token }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(errors[0].message);
  return data;
}

function secondsLeft(token) {
  const claims = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  return claims.exp - Date.now() / 1000;
}

async function signIn() {
  const { tokenCreate } = await ask(
    `mutation ($email: String!, $password: String!) {
      tokenCreate(email: $email, password: $password) { token refreshToken errors { message } }
    }`,
    { email: settings.email, password: settings.password },
  );
  if (!tokenCreate.token) throw new Error(tokenCreate.errors[0].message);
  session = tokenCreate;
}

async function tokenOfStaff() {
  if (secondsLeft(session.token) < LEAST_SECONDS) {
    const { tokenRefresh } = await ask(
      "mutation ($token: String!) { tokenRefresh(refreshToken: $token) { token errors { message } } }",
      { token: session.refreshToken },
    );
    if (!tokenRefresh.token) throw new Error(tokenRefresh.errors[0].message);
    session.token = tokenRefresh.token;
  }
  return session.token;
}

async function findApp() {
  const { apps } = await ask(
    "{ apps(first: 100) { edges { node { id identifier appUrl } } } }",
    {},
    await tokenOfStaff(),
  );
  const { node } = apps.edges.find(({ node: { identifier } }) => identifier === settings.app);
  return { id: node.id, url: node.appUrl };
}

function show(app) {
  const frame = new Frame({
    api: settings.apiUrl,
    app,
    tokenOfApp: async () => {
      const query = "query ($id: ID!) { app(id: $id) { accessToken } }";
      handedOut = (await ask(query, { id: app.id }, await tokenOfStaff())).app.accessToken;
      return handedOut;
    },
    theme: theme(),
    locale: navigator.language,
    heard,
  });
  frame.element.title = "Program Budgets";
  frame.open(wanted.get("path") ?? settings.board);
  $("place").replaceChildren(frame.element);
  $("pages").addEventListener("click", (event) => {
    const path = event.target.closest("a")?.dataset.path;
    const isPlain = !(event.ctrlKey || event.metaKey || event.shiftKey);
    if (path && isPlain) {
      event.preventDefault();
      frame.go(path);
    }
  });
  $("theme").addEventListener("click", () => {
    remember("theme", theme() === "dark" ? "light" : "dark");
    showTheme();
    frame.theme(theme());
  });
  setInterval(() => {
    if (handedOut && secondsLeft(handedOut) < LEAST_SECONDS) frame.refresh().catch(fail);
  }, CHECK_MS);
}

function heard(type, payload) {
  if (type === "updateRouting") {
    remember("path", payload.newRoute);
    mark(payload.newRoute);
  }
  if (type === "notification") {
    note(payload.status, payload.title, payload.text ?? payload.apiMessage);
  }
  if (type === "redirect") {
    note("info", "The Dashboard’s own page", `There, this leads to ${payload.to}.`);
  }
}

function remember(name, value) {
  wanted.set(name, value);
  history.replaceState(null, "", `?${wanted}`);
}

function theme() {
  const preferred = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  return wanted.get("theme") ?? preferred;
}

function showTheme() {
  document.documentElement.style.colorScheme = theme();
  $("theme").textContent = theme() === "dark" ? "Light look" : "Dark look";
}

function showPages() {
  for (const { title, pages } of settings.sections) {
    const list = document.createElement("ul");
    for (const { label, path } of pages) {
      const link = Object.assign(document.createElement("a"), { href: `?${new URLSearchParams({ path })}` });
      link.textContent = label;
      link.dataset.path = path;
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    $("pages").append(Object.assign(document.createElement("h2"), { textContent: title }), list);
  }
}

function mark(route) {
  for (const link of $("pages").querySelectorAll("a")) {
    link.ariaCurrent = route.startsWith(link.dataset.path) ? "page" : null;
  }
}

function note(status, title, text) {
  const line = document.createElement("p");
  line.className = status;
  line.append(Object.assign(document.createElement("strong"), { textContent: title }));
  if (text) line.append(document.createElement("br"), text);
  $("notes").append(line);
  setTimeout(() => line.remove(), NOTE_MS);
}

function fail(problem) {
  note("error", "Saleor doesn’t answer", problem.message);
}

showTheme();
showPages();
$("store").href = settings.storeUrl;
$("who").textContent = settings.email;
try {
  await signIn();
  show(await findApp());
} catch (problem) {
  fail(problem);
}
