// GraphQL with the token of the moment: the Dashboard renews it every few minutes.

import { cacheExchange, Client, fetchExchange } from "urql";
import { bridge } from "./bridge";

const API = "/graphql/";

export const client = new Client({
  url: API,
  exchanges: [cacheExchange, fetchExchange],
  preferGetMethod: false,
  requestPolicy: "cache-and-network",
  fetchOptions: () => ({ headers: authorization() }),
});

/** The header under which Saleor and the plugin's own addresses know who asks. */
export function authorization(): Record<string, string> {
  return { "Authorization-Bearer": bridge?.getState().token ?? "" };
}
