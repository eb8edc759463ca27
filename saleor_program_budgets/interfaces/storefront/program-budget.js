/**
 * <program-budget>: what a shopper's budget covers of a checkout, and the buttons to use it.
 *
 * One module without dependencies, served as it stands here. docs/storefront.md describes its
 * attributes, events, parts and texts.
 */

/** Every text; `texts` replaces any of them. Words in braces are filled in. */
export const TEXTS = {
  title: "Your budget",
  available: "{amount} available",
  applied: "Used for this order",
  shortfall: "Not covered by your budget",
  remaining: "Left to pay",
  items: "Items in this order",
  itemsLeft: "{due} of {available} that you may have",
  covered: "Your budget covers this order.",
  difference: "Your budget covers {covered} of {due}. Pay the other {shortfall} by another method.",
  lapses: "{amount} lapses after {date}.",
  carries: "{amount} carries forward until {date}.",
  resets: "Your budget renews on {date}.",
  apply: "Use {amount} of my budget",
  applyMore: "Use {amount} more",
  applyItems: "Use my budget",
  applying: "One moment…",
  part: "Use only a part",
  partAmount: "Amount in {currency}",
  partApply: "Use this amount",
  remove: "Don’t use my budget",
  removing: "One moment…",
  nowApplied: "{applied} of your budget is used for this order. {remaining} left to pay.",
  nowRemoved: "Your budget is not used for this order. {remaining} left to pay.",
  loading: "Looking up your budget…",
  signIn: "Sign in to use your budget.",
  signInAgain: "You have been signed out. Sign in again to use your budget.",
  gone: "This cart is no longer there: it was ordered, or it has expired.",
  failed: "Your budget can’t be shown right now.",
  actionFailed: "The store didn’t answer. Your budget is never used twice, so try again.",
  retry: "Try again",
  again: "Check again",
};

const MONEY = "{ amount currency }";
const REASON = `code message requested ${MONEY} available ${MONEY} shortfall ${MONEY} resetsAt`;
const PROGRAM = "program { id slug timeZone }";
const BUDGET = `{
  ${PROGRAM} overagePolicy resetsAt due ${MONEY} available ${MONEY} heldOnThisCheckout ${MONEY}
  applicable ${MONEY} covered ${MONEY} shortfall ${MONEY} remainingToPay ${MONEY}
  items { due available heldOnThisCheckout shortfall } refusal { ${REASON} }
}`;
const READ = `query ProgramBudget($id: ID, $inCheckout: Boolean!) {
  checkout(id: $id) @include(if: $inCheckout) { programBudget ${BUDGET} }
  me { programBudgets {
    ${PROGRAM} available ${MONEY} resetsAt lapses { at carriedUntil carried ${MONEY} lapses ${MONEY} }
  } }
}`;
const APPLY = `mutation ProgramBudgetApply($id: ID!, $amount: PositiveDecimal, $key: String) {
  outcome: programBudgetApply(checkoutId: $id, amount: $amount, idempotencyKey: $key) {
    budget ${BUDGET} errors { field ${REASON} }
  }
}`;
const REMOVE = `mutation ProgramBudgetRemove($id: ID!) {
  outcome: programBudgetRemove(checkoutId: $id) { budget ${BUDGET} errors { field ${REASON} } }
}`;

const TIMEOUT_SECONDS = 20;
/** After how long a page that comes into view again asks anew: holds end, other windows buy. */
const STALE_SECONDS = 30;
/** How Saleor calls a token that is over, or no good. */
const BAD_TOKEN = /^(ExpiredSignature|InvalidSignature|InvalidToken|JSONWebToken|Decode)/;
/** Refusals of shoppers who have no budget here: there are no figures to show. */
const WITHOUT_BUDGET = ["NOT_A_MEMBER", "MEMBER_INACTIVE"];
/** Refusals that leave a part, where the shopper may pay the difference. */
const LEAVES_A_PART = ["BALANCE_SHORT", "CAP_REACHED"];

const STYLE = `
:host {
  color-scheme: light dark; display: block; line-height: 1.45;
  --ink: var(--program-budget-color, light-dark(#1b1f24, #f2f4f6));
  --quiet: var(--program-budget-muted, light-dark(#57606a, #a3adb8));
  --paper: var(--program-budget-background, light-dark(#fff, #16191d));
  --line: var(--program-budget-border, light-dark(#d5dae0, #3a414a));
  --accent: var(--program-budget-accent, light-dark(#1d4ed8, #8ab0ff));
  --on-accent: var(--program-budget-on-accent, light-dark(#fff, #0c1526));
  --good: var(--program-budget-good, light-dark(#13653a, #6fd49c));
  --bad: var(--program-budget-bad, light-dark(#a3160f, #ffa198));
  --radius: var(--program-budget-radius, .75rem);
}
:host([theme="light"]) { color-scheme: light }
:host([theme="dark"]) { color-scheme: dark }
:host([hidden]), :host([state="none"]), [hidden],
:is(dl, .row, .small):not(:has(> :not([hidden]))) { display: none !important }
* { box-sizing: border-box; margin: 0 }
section {
  display: grid; gap: .875rem; padding: 1.125rem; font-family: var(--program-budget-font, inherit);
  color: var(--ink); background: var(--paper); border: 1px solid var(--line); border-radius: var(--radius);
}
header, dl div { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between }
header, .total { font-weight: 600 }
.balance, dd, input { font-variant-numeric: tabular-nums }
dl, .small { display: grid; gap: .25rem }
dt, .small, label, summary { color: var(--quiet) }
.total { border-top: 1px solid var(--line); margin-top: .25rem; padding-top: .5rem }
.total dt, input { color: var(--ink) }
.small, label, summary { font-size: .875rem }
.box { border-inline-start: 3px solid; padding-inline-start: .75rem }
.good { color: var(--good) }
.bad { color: var(--bad) }
.row { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end }
button, input {
  min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--line);
  border-radius: calc(var(--radius) * .67); font: inherit; color: inherit; background: none;
}
button { cursor: pointer; font-weight: 600 }
button:hover { border-color: currentcolor }
button[aria-disabled="true"] { cursor: progress; opacity: .65 }
.main { flex: 1 1 12rem; background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
label { flex: 1 1 7rem; display: grid; gap: .25rem }
input { width: 100%; font-size: 1rem }
summary { cursor: pointer; padding: .25rem 0 }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
`;

class SignedOut extends Error {}

/**
 * A shopper's budget: on a checkout or, without a `checkout-id`, by itself.
 *
 * Fires `budget-changed` when the figures are others than before ({ budget, cause }),
 * `budget-refused` when an attempt to use it is refused (the error with its amounts), and
 * `budget-signed-out` when the token is over and there is no other.
 */
export class ProgramBudget extends HTMLElement {
  static observedAttributes = [
    "checkout-id", "api-url", "token", "program", "locale", "texts", "timeout-seconds",
  ];

  /** @type {any} */ #token = null;
  /** @type {Partial<typeof TEXTS>} */ #texts = {};
  /** @type {Record<string, any>} */ #view;
  /** @type {"loading" | "none" | "signed-out" | "gone" | "failed" | "ready"} */ #state = "loading";
  /** @type {any} What the checkout says of the budget. */ #budget = null;
  /** @type {any} What the shopper says of it. */ #member = null;
  /** @type {any} What the last attempt was refused with. */ #refused = null;
  /** @type {{ text: keyof typeof TEXTS, retry: () => unknown } | null} */ #failure = null;
  /** @type {{ what: string, key: string } | null} An attempt that no answer came to. */ #intent = null;
  /** @type {"apply" | "part" | "remove" | ""} */ #busy = "";
  /** @type {"" | "nowApplied" | "nowRemoved"} */ #spoken = "";
  #isTokenOver = false;
  #source = "";
  #reported = "";
  #readAt = 0;
  #isScheduled = false;
  #reading = new AbortController();
  #connected = new AbortController();

  constructor() {
    super();
    this.#view = build(this.attachShadow({ mode: "open" }));
  }

  connectedCallback() {
    const element = /** @type {any} */ (this);
    for (const name of ["token", "texts"].filter((name) => Object.hasOwn(this, name))) {
      const value = element[name]; // set before this module had loaded
      delete element[name];
      element[name] = value;
    }
    this.#connected = new AbortController();
    const { signal } = this.#connected;
    const on = (/** @type {EventTarget} */ target, /** @type {string} */ event, /** @type {any} */ run) =>
      target.addEventListener(event, run, { signal });
    on(this.#view.apply, "click", () => this.apply());
    on(this.#view.remove, "click", () => this.takeOff());
    on(this.#view.retry, "click", () => this.#failure?.retry());
    on(this.#view.again, "click", () => this.refresh());
    on(this.#view.form, "submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.apply(this.#view.input.value);
    });
    on(document, "visibilitychange", () => {
      const isStale = Date.now() - this.#readAt > STALE_SECONDS * 1000;
      if (!document.hidden && isStale && !this.#busy) this.#read();
    });
    this.#schedule();
  }

  disconnectedCallback() {
    this.#connected.abort();
    this.#reading.abort();
  }

  /** @param {string} name */
  attributeChangedCallback(name, /** @type {any} */ before, /** @type {any} */ after) {
    if (before !== after) name === "locale" || name === "texts" ? this.#render() : this.#schedule();
  }

  /** A shopper's access token, or a function that returns one, or a promise of one. */
  get token() {
    return this.#token ?? this.getAttribute("token");
  }

  set token(token) {
    this.#token = token;
    this.#schedule();
  }

  /** Texts in place of the English ones; those left out stay. */
  get texts() {
    return { ...TEXTS, ...parsed(this.getAttribute("texts")), ...this.#texts };
  }

  set texts(texts) {
    this.#texts = texts;
    this.#render();
  }

  /** Read the figures again, as after the cart has changed; resolves once they are shown. */
  async refresh() {
    this.#refused = null;
    if (!this.#busy) await this.#read(); // else they are read after the action
  }

  /**
   * Use the budget for all that is due, or for an amount such as "20.00"; resolves to whether it
   * is used. While an action is under way, another is none.
   *
   * @param {string} [amount]
   */
  apply(amount) {
    const what = `${this.#checkoutId} ${amount ?? "all"}`;
    if (this.#busy) return Promise.resolve(false);
    // An attempt that no answer came to is repeated under its key: the budget is held once.
    if (this.#intent?.what !== what) this.#intent = { what, key: newKey() };
    const variables = { id: this.#checkoutId, amount, key: this.#intent.key };
    return this.#act(amount ? "part" : "apply", APPLY, variables, () => this.apply(amount));
  }

  /** Stop using the budget for this checkout; resolves to whether that is so. */
  takeOff() {
    return this.#act("remove", REMOVE, { id: this.#checkoutId }, () => this.takeOff());
  }

  get #checkoutId() {
    return this.getAttribute("checkout-id") || null;
  }

  /** Read once for all attributes that change in one go. */
  #schedule() {
    if (this.#isScheduled || !this.isConnected) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (this.isConnected) this.refresh();
    });
  }

  async #read() {
    this.#reading.abort();
    const { signal } = (this.#reading = new AbortController());
    this.#startOver();
    this.#view.box.ariaBusy = "true";
    try {
      const data = await this.#ask(READ, { id: this.#checkoutId, inCheckout: !!this.#checkoutId }, signal);
      if (signal.aborted) return;
      this.#failure = this.#intent = null;
      this.#take(data);
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(error, "failed", () => this.#read());
    }
    this.#readAt = Date.now();
    this.#report("read");
    this.#render();
  }

  /** Forget the figures once they are another checkout's or shopper's than what is asked for. */
  #startOver() {
    const asked = ["checkout-id", "api-url", "program"].map((name) => this.getAttribute(name));
    const source = JSON.stringify([...asked, !!this.token]);
    if (source === this.#source) return;
    this.#source = source;
    this.#reported = this.#spoken = "";
    this.#state = "loading";
    this.#budget = this.#member = this.#refused = this.#failure = null;
    this.#render();
  }

  /** @param {any} data The answer to READ. */
  #take({ checkout, me }) {
    const memberships = me?.programBudgets ?? [];
    const isIn = (/** @type {any} */ membership) =>
      this.#checkoutId
        ? membership.program.id === this.#budget?.program.id
        : [null, membership.program.slug].includes(this.getAttribute("program"));
    this.#budget = checkout?.programBudget ?? null;
    this.#member = memberships.find(isIn) ?? null;
    if (this.#checkoutId) {
      const isKnown = this.#budget && (me || !WITHOUT_BUDGET.includes(this.#budget.refusal?.code));
      this.#state = !checkout ? "gone" : isKnown ? "ready" : this.#budget ? "signed-out" : "none";
    } else {
      this.#state = this.#member ? "ready" : me ? "none" : "signed-out";
    }
  }

  /**
   * @param {"apply" | "part" | "remove"} action
   * @param {string} mutation
   * @param {object} variables
   * @param {() => unknown} retry
   */
  async #act(action, mutation, variables, retry) {
    const id = this.#checkoutId;
    if (this.#busy || !id) return false;
    this.#reading.abort(); // its answer would be of before
    this.#busy = action;
    this.#refused = this.#failure = null;
    this.#spoken = "";
    this.#render();
    let outcome;
    try {
      ({ outcome } = await this.#ask(mutation, variables, this.#connected.signal));
    } catch (error) {
      if (this.isConnected && id === this.#checkoutId) this.#fail(error, "actionFailed", retry);
    }
    this.#busy = "";
    if (!this.isConnected) return false;
    if (outcome && id === this.#checkoutId) this.#conclude(action, outcome);
    this.#render();
    // What lapses is another amount now; and a page may have changed what is asked for meanwhile.
    if (outcome || id !== this.#checkoutId) await this.#read();
    return outcome?.errors.length === 0;
  }

  /** @param {string} action @param {any} outcome */
  #conclude(action, { budget, errors: [error] }) {
    this.#intent = null;
    this.#budget = budget ?? this.#budget;
    this.#refused = error ?? null;
    this.#report(action === "remove" ? "remove" : "apply");
    if (error) return this.#fire("budget-refused", error);
    this.#view.partRow.open = false;
    this.#view.input.value = "";
    this.#spoken = action === "remove" ? "nowRemoved" : "nowApplied";
  }

  /** @param {any} error @param {keyof typeof TEXTS} text @param {() => unknown} retry */
  #fail(error, text, retry) {
    if (error instanceof SignedOut) {
      this.#state = "signed-out";
      this.#isTokenOver = true;
      this.#budget = this.#member = null;
      this.#fire("budget-signed-out", null);
      return;
    }
    if (this.#state === "loading") this.#state = "failed";
    this.#failure = { text, retry };
  }

  /**
   * Post a request and return its data; a token that is over is replaced once, if a function gives
   * tokens.
   *
   * @param {string} query
   * @param {object} variables
   * @param {AbortSignal} signal
   * @returns {Promise<any>}
   */
  async #ask(query, variables, signal, isExpired = false) {
    const seconds = Number(this.getAttribute("timeout-seconds")) || TIMEOUT_SECONDS;
    const source = this.token;
    const token = typeof source === "function" ? await source({ isExpired }) : source;
    const url = this.getAttribute("api-url");
    const response = await fetch(url ?? new URL("/graphql/", import.meta.url), {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables }),
      credentials: "omit",
      signal: AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]),
    });
    const { data, errors } = await response.json();
    this.#isTokenOver = false;
    const code = errors?.[0].extensions?.exception?.code ?? "";
    if (token && (BAD_TOKEN.test(code) || data?.me === null)) {
      if (typeof source !== "function" || isExpired) throw new SignedOut(code);
      return this.#ask(query, variables, signal, true);
    }
    if (errors) throw new Error(errors[0].message);
    return data;
  }

  /** Tell the page once of each change. */
  #report(/** @type {string} */ cause) {
    const budget = this.#budget ?? this.#member;
    const figures = JSON.stringify([this.#state, budget]);
    if (figures === this.#reported || this.#state === "failed") return;
    this.#reported = figures;
    this.#fire("budget-changed", { budget, cause });
  }

  #fire(/** @type {string} */ name, /** @type {any} */ detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #render() {
    const view = this.#view;
    const active = /** @type {any} */ (this.shadowRoot?.activeElement);
    this.setAttribute("state", this.#state);
    view.box.setAttribute("aria-busy", String(this.#state === "loading" || !!this.#busy));
    const locale = this.getAttribute("locale") || this.closest("[lang]")?.getAttribute("lang");
    const texts = written(
      {
        state: this.#state, budget: this.#budget, member: this.#member, refused: this.#refused,
        failure: this.#failure, busy: this.#busy, spoken: this.#spoken, isTokenOver: this.#isTokenOver,
      },
      this.texts,
      locale || undefined,
    );
    for (const [name, text] of Object.entries(texts)) {
      const node = view[name];
      if (node.textContent !== text) node.textContent = text;
      (view[`${name}Row`] ?? node).hidden = !text;
    }
    view.spoken.hidden = false; // or what it comes to say isn't heard
    view.slot.hidden = this.#state !== "signed-out";
    for (const button of [view.apply, view.partApply, view.remove, view.retry, view.again]) {
      button.setAttribute("aria-disabled", String(!!this.#busy));
    }
    const most = this.#budget?.applicable;
    if (most) limit(view.input, most);
    if (active && !active.checkVisibility()) {
      // What had the focus is gone: on to what can be done now.
      [view.remove, view.apply, view.retry, view.again, view.box].find((node) => !node.hidden).focus();
    }
  }
}

/**
 * Say what stands where; what isn't shown is empty.
 *
 * @param {any} facts What the element knows.
 * @param {Record<string, string>} texts
 * @param {string | undefined} locale
 * @returns {Record<string, string>}
 */
function written({ state, budget, member, refused, failure, busy, spoken, isTokenOver }, texts, locale) {
  const say = (/** @type {string} */ name, /** @type {Record<string, unknown>} */ values = {}) =>
    texts[name].replace(/\{(\w+)\}/g, (_, word) => String(values[word] ?? ""));
  const money = (/** @type {any} */ { amount, currency }) => inMoney(amount, currency, locale);
  const day = (/** @type {any} */ at) => at && onDay(at, (budget ?? member)?.program.timeZone, locale);

  const isReady = state === "ready";
  const refusal = refused ?? budget?.refusal;
  const isMember = isReady && member && !WITHOUT_BUDGET.includes(refusal?.code);
  const held = budget?.heldOnThisCheckout, items = budget?.items;
  const isHeld = isMember && (held?.amount > 0 || items?.heldOnThisCheckout > 0);
  const sums = budget && isReady && {
    applied: money(held), due: money(budget.due), covered: money(budget.covered), remaining: money(budget.remainingToPay),
    shortfall: money(budget.shortfall), amount: money(budget.applicable), currency: budget.applicable.currency,
  };
  const maySplit =
    budget?.overagePolicy === "PAY_DIFFERENCE" && !items?.shortfall &&
    (!budget.refusal || LEAVES_A_PART.includes(budget.refusal.code));
  const isLeft = budget?.applicable.amount > 0 || items?.due > items?.heldOnThisCheckout;
  const canApply = isMember && isLeft && (maySplit || !budget.refusal);
  const isSplit = isMember && maySplit && budget.shortfall.amount > 0 && (isHeld || canApply);
  const isCovered = isHeld && !isLeft && budget.remainingToPay.amount === 0;
  const isRefused = isReady && refusal && (refused || !isSplit || refusal.code === "CAP_REACHED");
  const lapse = isMember ? member.lapses.find((/** @type {any} */ each) => each.lapses.amount || each.carried.amount) : null;
  const resetsAt = isMember && (budget ?? member).resetsAt;
  const isPart = canApply && maySplit && budget.applicable.amount > 0;

  const message = {
    loading: texts.loading,
    "signed-out": isTokenOver ? texts.signInAgain : texts.signIn,
    gone: texts.gone,
  };
  const reason = () =>
    texts[refusal.code]
      ? say(refusal.code, {
          ...Object.fromEntries(["requested", "available", "shortfall"].map((name) => [name, refusal[name] && money(refusal[name])])),
          date: day(refusal.resetsAt),
        })
      : refusal.message;
  const applyText = !budget?.applicable.amount ? "applyItems" : isHeld ? "applyMore" : "apply";
  return {
    title: texts.title,
    balance: isMember ? say("available", { amount: money((budget ?? member).available) }) : "",
    message: /** @type {any} */ (message)[state] ?? "",
    applied: isHeld ? sums.applied : "",
    items: isMember && items ? say("itemsLeft", { due: items.due, available: items.available }) : "",
    shortfall: isMember && budget?.shortfall.amount > 0 ? sums.shortfall : "",
    remaining: isMember && budget ? sums.remaining : "",
    appliedLabel: texts.applied,
    itemsLabel: texts.items,
    shortfallLabel: texts.shortfall,
    remainingLabel: texts.remaining,
    covered: isCovered ? texts.covered : "",
    difference: isSplit ? say("difference", sums) : "",
    refusal: isRefused ? reason() : "",
    failure: failure ? texts[failure.text] : "",
    apply: canApply ? (busy === "apply" ? texts.applying : say(applyText, sums)) : "",
    remove: isHeld ? (busy === "remove" ? texts.removing : texts.remove) : "",
    retry: failure ? texts.retry : "",
    again: isRefused && !canApply && !failure ? texts.again : "",
    part: isPart ? texts.part : "",
    partAmount: isPart ? say("partAmount", sums) : "",
    partApply: isPart ? (busy === "part" ? texts.applying : texts.partApply) : "",
    lapses: lapse?.lapses.amount ? say("lapses", { amount: money(lapse.lapses), date: day(Date.parse(lapse.at) - 1) }) : "",
    carries: lapse?.carried.amount && lapse.carriedUntil
      ? say("carries", { amount: money(lapse.carried), date: day(Date.parse(lapse.carriedUntil) - 1) })
      : "",
    resets: resetsAt ? say("resets", { date: day(resetsAt) }) : "",
    spoken: spoken && sums ? say(spoken, sums) : "",
  };
}

/** @param {number} amount @param {string} currency @param {string} [locale] */
function inMoney(amount, currency, locale) {
  // Refusals count pieces in a currency of their own.
  const options = currency === "ITEM" ? {} : { style: "currency", currency };
  return format((of) => new Intl.NumberFormat(of, /** @type {any} */ (options)).format(amount), locale);
}

/** @param {string | number} at @param {string | undefined} timeZone @param {string} [locale] */
function onDay(at, timeZone, locale) {
  return format((of) => new Intl.DateTimeFormat(of, { dateStyle: "long", timeZone }).format(new Date(at)), locale);
}

/** @param {(locale?: string) => string} write @param {string} [locale] */
function format(write, locale) {
  try {
    return write(locale);
  } catch {
    return write(); // a locale or time zone that the browser doesn't know
  }
}

/** Let the field take what can be applied, in the currency's smallest unit. */
function limit(/** @type {HTMLInputElement} */ input, /** @type {any} */ { amount, currency }) {
  const { maximumFractionDigits } = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions();
  input.step = input.min = (10 ** -(maximumFractionDigits ?? 2)).toFixed(maximumFractionDigits);
  input.max = input.placeholder = amount.toFixed(maximumFractionDigits);
}

/** A key that nobody else makes; `randomUUID` would need HTTPS. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}

function parsed(/** @type {string | null} */ json) {
  try {
    return JSON.parse(json || "{}");
  } catch {
    return {}; // English is better than nothing
  }
}

/** Make the element's inside, once; from then on only texts change, so that the focus stays. */
function build(/** @type {ShadowRoot} */ root) {
  /** @type {Record<string, any>} */
  const view = {};
  const node = (/** @type {string} */ tag, /** @type {any} */ { as, ...attributes } = {}, /** @type {any[]} */ ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    if (as) view[as] = made;
    return made;
  };
  const row = (/** @type {string} */ name, kind = "") =>
    node("div", { as: `${name}Row`, class: kind, part: `row ${name}` },
      node("dt", { as: `${name}Label` }), node("dd", { as: name, part: "amount" }));
  const button = (/** @type {string} */ name, part = name, type = "button") =>
    node("button", { as: name, type, part: `button ${part}`, class: name === "apply" ? "main" : "" });
  const text = (/** @type {string} */ name, kind = "", role = "") =>
    node("p", { as: name, part: name, class: kind, ...(role && { role }) });

  view.form = node("form", { class: "row" },
    node("label", {}, node("span", { as: "partAmount" }),
      node("input", { as: "input", type: "number", inputmode: "decimal", required: "", part: "input" })),
    button("partApply", "part-apply", "submit"));
  view.partRow = node("details", { part: "part" },
    node("summary", { as: "part", part: "part-summary" }), view.form);
  view.box = node("section", { part: "box", tabindex: "-1", "aria-labelledby": "title" },
    node("header", { part: "header" },
      node("div", { as: "title", id: "title", part: "title", role: "heading", "aria-level": "2" }),
      node("div", { as: "balance", class: "balance", part: "balance" })),
    text("message"), node("slot", { name: "sign-in", as: "slot" }),
    node("dl", { part: "figures" }, row("items"), row("applied"), row("shortfall"), row("remaining", "total")),
    text("covered", "box good"), text("difference", "box"),
    text("refusal", "box bad", "alert"), text("failure", "box bad", "alert"),
    node("div", { class: "row" }, button("apply"), button("remove"), button("retry"), button("again")),
    view.partRow,
    node("div", { class: "small", part: "notes" }, text("lapses"), text("carries"), text("resets")),
    node("p", { as: "spoken", class: "spoken", role: "status" }));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  root.append(view.box);
  return view;
}

if (!customElements.get("program-budget")) customElements.define("program-budget", ProgramBudget);
