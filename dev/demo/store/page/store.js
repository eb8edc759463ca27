/**
 * The smallest store that has a whole journey: sign in, fill a cart, deliver, use the budget, order.
 *
 * What concerns budgets is `connectBudget`, and the element in the page.
 */

const settings = await (await fetch("settings.json")).json();
await import(new URL("/plugins/global/program-budgets/storefront/program-budget.js", settings.apiUrl));

const $ = (id) => document.getElementById(id);
const money = ({ amount, currency }) => new Intl.NumberFormat("en-US", { style: "currency", currency }).format(amount);
const gross = "gross { amount currency }";
const CHECKOUT = `{
  id lines { id quantity variant { id product { name } } totalPrice { ${gross} } }
  shippingPrice { ${gross} } totalPrice { ${gross} } deliveryMethod { __typename }
  shippingMethods { id name price { amount currency } }
}`;
const ERRORS = "errors { field code message }";

let session = null; // { email, token, refreshToken }
let checkout = null;

/** Ask Saleor; a token that is over is replaced once. */
async function ask(query, variables = {}, { isExpired = false } = {}) {
  const token = await accessToken({ isExpired });
  const response = await fetch(settings.apiUrl, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors?.[0].extensions?.exception?.code === "ExpiredSignatureError" && !isExpired) {
    return ask(query, variables, { isExpired: true });
  }
  if (errors) throw new Error(errors[0].message);
  return data;
}

/** Run a mutation of the checkout's and show what it has become; resolves to whether it went well. */
async function change(query, variables) {
  const payloads = Object.values(await ask(query, variables));
  const [error] = payloads.flatMap(({ errors }) => errors);
  $("outcome").textContent = error?.message ?? "";
  if (error) return false;
  checkout = payloads.at(-1).checkout;
  show();
  $("budget").refresh();
  return true;
}

async function accessToken({ isExpired }) {
  if (session && isExpired) {
    const { refreshToken } = session;
    session.token = null;
    const { tokenRefresh } = await ask(
      "mutation ($refreshToken: String!) { tokenRefresh(refreshToken: $refreshToken) { token } }",
      { refreshToken },
    );
    session.token = tokenRefresh.token;
  }
  return session?.token;
}

async function signIn(email) {
  session = null;
  checkout = null;
  if (email) {
    const { tokenCreate } = await ask(
      `mutation ($email: String!, $password: String!) {
        tokenCreate(email: $email, password: $password) { token refreshToken ${ERRORS} }
      }`,
      { email, password: settings.password },
    );
    session = { email, ...tokenCreate };
  }
  show();
  $("outcome").textContent = "";
  $("account-budget").refresh();
}

async function showProducts() {
  const { products } = await ask(
    `query ($channel: String!) {
      products(first: 20, channel: $channel) {
        edges { node { name variants { id pricing { price { ${gross} } } } } }
      }
    }`,
    { channel: settings.channel },
  );
  for (const { node: { name, variants: [variant] } } of products.edges) {
    const item = document.createElement("li");
    const title = Object.assign(document.createElement("strong"), { textContent: name });
    const add = Object.assign(document.createElement("button"), { textContent: "Add to cart" });
    add.ariaLabel = `Add ${name} to cart`;
    add.onclick = () => addToCart(variant.id);
    item.append(title, money(variant.pricing.price.gross), add);
    $("products").append(item);
  }
}

function addToCart(variantId) {
  const lines = [{ variantId, quantity: 1 }];
  if (checkout) {
    return change(
      `mutation ($id: ID!, $lines: [CheckoutLineInput!]!) {
        checkoutLinesAdd(id: $id, lines: $lines) { checkout ${CHECKOUT} ${ERRORS} }
      }`,
      { id: checkout.id, lines },
    );
  }
  return change(
    `mutation ($input: CheckoutCreateInput!) { checkoutCreate(input: $input) { checkout ${CHECKOUT} ${ERRORS} } }`,
    { input: { channel: settings.channel, email: session?.email ?? "guest@acme.example", lines } },
  );
}

function setQuantity(line, quantity) {
  return change(
    `mutation ($id: ID!, $lines: [CheckoutLineUpdateInput!]!) {
      checkoutLinesUpdate(id: $id, lines: $lines) { checkout ${CHECKOUT} ${ERRORS} }
    }`,
    { id: checkout.id, lines: [{ variantId: line.variant.id, quantity }] },
  );
}

async function deliver(event) {
  event.preventDefault();
  const address = { ...Object.fromEntries(new FormData($("delivery"))), country: "US" };
  const isThere = await change(
    `mutation ($id: ID!, $address: AddressInput!) {
      checkoutBillingAddressUpdate(id: $id, billingAddress: $address) { ${ERRORS} }
      checkoutShippingAddressUpdate(id: $id, shippingAddress: $address) { checkout ${CHECKOUT} ${ERRORS} }
    }`,
    { id: checkout.id, address },
  );
  if (isThere) await ship($("method").value);
}

function ship(methodId) {
  return change(
    `mutation ($id: ID!, $method: ID!) {
      checkoutDeliveryMethodUpdate(id: $id, deliveryMethodId: $method) { checkout ${CHECKOUT} ${ERRORS} }
    }`,
    { id: checkout.id, method: methodId },
  );
}

async function payByCard() {
  const response = await fetch("card", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ checkout: checkout.id }),
  });
  $("outcome").textContent = response.ok ? "" : (await response.json()).message;
  await $("budget").refresh();
}

async function placeOrder() {
  $("place").disabled = true;
  const { checkoutComplete } = await ask(
    `mutation ($id: ID!) { checkoutComplete(id: $id) { order { number } ${ERRORS} } }`,
    { id: checkout.id },
  );
  const [error] = checkoutComplete.errors;
  if (error) {
    $("outcome").textContent = `No order yet. ${error.message}`;
    $("budget").refresh();
  } else {
    $("outcome").textContent = `Thank you! Your order has the number ${checkoutComplete.order.number}.`;
    checkout = null;
    $("account-budget").refresh();
  }
  show();
}

function show() {
  $("empty").hidden = !!checkout;
  $("filled").hidden = !checkout;
  $("account-budget").hidden = !!checkout;
  if (!checkout) {
    $("budget").removeAttribute("checkout-id");
    return;
  }
  $("lines").replaceChildren(...checkout.lines.map(lineItem));
  $("total").textContent = money(checkout.totalPrice.gross);
  const isDelivered = !!checkout.deliveryMethod;
  $("shipping").textContent = isDelivered ? money(checkout.shippingPrice.gross) : "–";
  $("methods").hidden = !checkout.shippingMethods.length;
  const chosen = $("method").value;
  $("method").replaceChildren(
    ...checkout.shippingMethods.map(({ id, name, price }) => new Option(`${name}, ${money(price)}`, id)),
  );
  if (chosen) $("method").value = chosen;
  $("place").disabled = !isDelivered;
  $("budget").hidden = !isDelivered; // before, the total isn't known
  $("budget").setAttribute("checkout-id", checkout.id);
}

function lineItem(line) {
  const item = document.createElement("li");
  const { name } = line.variant.product;
  const quantity = Object.assign(document.createElement("span"), { className: "quantity" });
  const step = (by, text, label) => {
    const button = Object.assign(document.createElement("button"), { textContent: text, ariaLabel: `${label} ${name}` });
    button.onclick = () => setQuantity(line, line.quantity + by);
    return button;
  };
  const count = Object.assign(document.createElement("output"), { textContent: line.quantity });
  quantity.append(step(-1, "−", "One less"), count, step(1, "+", "One more"));
  item.append(Object.assign(document.createElement("strong"), { textContent: name }), quantity, money(line.totalPrice.gross));
  return item;
}

/** What a store has to do for the budget: give it a token, and show what it leaves to pay. */
function connectBudget() {
  for (const element of document.querySelectorAll("program-budget")) {
    element.setAttribute("api-url", settings.apiUrl);
    element.token = accessToken;
  }
  $("budget").addEventListener("budget-changed", ({ detail: { budget } }) => {
    const left = budget?.remainingToPay;
    const maySplit = budget?.overagePolicy === "PAY_DIFFERENCE";
    $("card").hidden = !left?.amount || !maySplit;
    if (left) $("card").textContent = `Pay ${money(left)} by card`;
  });
}

connectBudget();
$("shopper").append(...settings.shoppers.map(({ email, name }) => new Option(name, email)));
$("shopper").onchange = () => signIn($("shopper").value);
$("delivery").onsubmit = deliver;
$("method").onchange = () => ship($("method").value);
$("card").onclick = payByCard;
$("place").onclick = placeOrder;
$("budget").hidden = true;
show();
await showProducts();
