/**
 * The Dashboard's side of the frame that it shows an App's page in, as far as the page can tell.
 *
 * Nothing of it is particular to this App.
 */

const SANDBOX = "allow-same-origin allow-forms allow-scripts allow-downloads allow-popups";
const VERSIONS = { version: 1, saleorVersion: "3.23.0", dashboardVersion: "3.23.0" };

export class Frame {
  /** What the page has asked for, oldest first, as `{ type, payload }`. */
  actions = [];
  element = Object.assign(document.createElement("iframe"), { title: "App", sandbox: SANDBOX });
  #api;
  #app;
  #tokenOfApp;
  #theme;
  #locale;
  #heard;

  /**
   * @param api Saleor's GraphQL address
   * @param app the App's `id` and `url`
   * @param tokenOfApp resolves to a token that the page may use
   * @param heard is told of each action the page asks for; no answer depends on it
   */
  constructor({ api, app, tokenOfApp, theme = "light", locale = "en", heard = () => {} }) {
    this.#api = api;
    this.#app = app;
    this.#tokenOfApp = tokenOfApp;
    this.#theme = theme;
    this.#locale = locale;
    this.#heard = heard;
    addEventListener("message", (event) => this.#hear(event));
  }

  /** Load the page at a path, such as `/programs`; `more` is what a widget's place adds. */
  open(path, more = {}) {
    const [place, search] = path.split("?");
    const address = new URL(this.#app.url + place);
    const parameters = {
      ...Object.fromEntries(new URLSearchParams(search)),
      domain: new URL(this.#api).host,
      saleorApiUrl: this.#api,
      id: this.#app.id,
      featureFlags: "{}",
      theme: this.#theme,
      ...more,
    };
    address.search = new URLSearchParams(parameters);
    this.element.src = address;
  }

  theme(theme) {
    this.#theme = theme;
    this.#send("theme", { theme });
  }

  locale(locale) {
    this.#locale = locale;
    this.#send("localeChanged", { locale });
  }

  /** Have the page that is open go elsewhere. */
  go(path) {
    this.#send("redirect", { path });
  }

  /** Hand the page another token. */
  async refresh() {
    this.#send("tokenRefresh", { token: await this.#tokenOfApp() });
  }

  #send(type, payload) {
    this.element.contentWindow.postMessage({ type, payload }, new URL(this.#app.url).origin);
  }

  async #hear({ source, data }) {
    if (source !== this.element.contentWindow) {
      return;
    }
    const { type, payload } = data;
    this.actions.push({ type, payload });
    if (type === "notifyReady") {
      this.#send("handshake", { token: await this.#tokenOfApp(), ...VERSIONS });
      this.theme(this.#theme);
      this.locale(this.#locale);
    }
    if (type === "widgetResize") {
      this.element.style.height = `${payload.height}px`;
    }
    this.#heard(type, payload);
    this.#send("response", { actionId: payload.actionId, ok: true });
  }
}
