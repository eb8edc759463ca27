import { useLocation, useSearch } from "wouter";

/** What the Dashboard adds to the address of the frame, which isn't the page's own. */
const DASHBOARDS = ["domain", "saleorApiUrl", "id", "featureFlags", "theme", "appParams"];

/** What of an address's search is a page's own. */
export function ownOf(search: string): URLSearchParams {
  const own = new URLSearchParams(search);
  for (const name of DASHBOARDS) {
    own.delete(name);
  }
  return own;
}

/** An address with what is asked for of it; what is empty is left out. */
export function addressOf(path: string, asked: Readonly<Record<string, string>>): string {
  const search = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== ""));
  return search.size > 0 ? `${path}?${search}` : path;
}

/** What the address asks for, kept there so that a reload, or whoever gets it, sees the same. */
export function useAsked<Name extends string>(...names: Name[]) {
  const [path, navigate] = useLocation();
  const search = ownOf(useSearch());
  const asked = Object.fromEntries(names.map((name) => [name, search.get(name) ?? ""])) as Record<
    Name,
    string
  >;
  const ask = (part: Partial<Record<Name, string>>, isNewPlace = false) => {
    navigate(addressOf(path, { ...asked, ...part }), { replace: !isNewPlace });
  };
  return { asked, ask };
}
