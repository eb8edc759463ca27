import { useState } from "react";
import { useMutation, type AnyVariables, type TypedDocumentNode } from "urql";
import { notify } from "../bridge";
import { texts } from "../texts";

export interface FieldError {
  field?: string | null;
  message?: string | null;
}

interface Payload {
  errors: readonly FieldError[];
}

export interface Action<Data, Variables> {
  /** Returns what the mutation answered, or null where it said no. */
  run: (variables: Variables) => Promise<Data | null>;
  isBusy: boolean;
  errors: readonly FieldError[];
  /** What is wrong with a field, if anything. */
  errorOf: (field: string) => string | undefined;
  /** What is wrong with none of these fields. */
  otherErrors: (...fields: string[]) => string[];
  clear: () => void;
}

/**
 * A mutation with one payload: its errors are kept, its success is told in the Dashboard. `otherwise`
 * may know a way around errors: what to send in a second try.
 */
export function useAction<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  done?: string,
  otherwise?: (errors: readonly FieldError[], variables: Variables) => Variables | null,
): Action<Data, Variables> {
  const [{ fetching }, execute] = useMutation(document);
  const [errors, setErrors] = useState<readonly FieldError[]>([]);
  const attempt = async (variables: Variables) => {
    const { data, error } = await execute(variables);
    return { data, found: error ? failures(error.networkError, error.graphQLErrors) : errorsIn(data) };
  };
  const run = async (variables: Variables): Promise<Data | null> => {
    let { data, found } = await attempt(variables);
    const other = found.length > 0 ? otherwise?.(found, variables) : null;
    if (other) {
      ({ data, found } = await attempt(other));
    }
    setErrors(found);
    if (found.length > 0 || !data) {
      return null;
    }
    if (done) {
      notify("success", done);
    }
    return data;
  };
  return {
    run,
    isBusy: fetching,
    errors,
    errorOf: (field) => errors.find((error) => error.field === field)?.message ?? undefined,
    otherErrors: (...fields) =>
      errors
        .filter((error) => !error.field || !fields.includes(error.field))
        .map((error) => error.message ?? texts.states.failed),
    clear: () => setErrors([]),
  };
}

function failures(network: Error | undefined, errors: readonly { message: string }[]): FieldError[] {
  return network ? [{ message: texts.states.unreachable }] : errors.map(({ message }) => ({ message }));
}

function errorsIn(data: unknown): readonly FieldError[] {
  return Object.values((data ?? {}) as Record<string, Payload | string | null>).flatMap((payload) =>
    payload && typeof payload === "object" ? payload.errors : [],
  );
}
