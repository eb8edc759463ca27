import type { FieldError } from "./action";

interface Named {
  input: { name: string; slug?: string | null };
}

/**
 * A second try where another has the slug that a name gives: a “Sales” in each organization. Nobody
 * is asked for a slug, so it is made up.
 */
export function withOwnSlug<Variables extends Named>(
  errors: readonly FieldError[],
  variables: Variables,
): Variables | null {
  if (!errors.some(({ field }) => field === "slug") || variables.input.slug) {
    return null;
  }
  const words = variables.input.name.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const slug = [...words, crypto.randomUUID().slice(0, 8)].join("-");
  return { ...variables, input: { ...variables.input, slug } };
}
