// Fields of a form, each with its error below it.

import { Checkbox, Input, Select, Text, Textarea } from "@saleor/macaw-ui";
import { useId } from "react";

/** The component gives its input a role that there isn't. */
const NO_ROLE = { role: undefined };

interface FieldProps {
  label: string;
  value: string;
  change: (value: string) => void;
  error?: string | undefined;
  hint?: string | undefined;
  disabled?: boolean | undefined;
  required?: boolean | undefined;
}

export function TextField(
  props: FieldProps & { type?: "text" | "date" | "datetime-local" | "email" | "number"; suffix?: string },
) {
  const id = useId();
  return (
    <Input
      {...NO_ROLE}
      id={id}
      label={props.label}
      type={props.type ?? "text"}
      value={props.value}
      onChange={(event) => props.change(event.target.value)}
      error={Boolean(props.error)}
      helperText={props.error ?? props.hint}
      disabled={props.disabled}
      required={props.required}
      endAdornment={props.suffix ? <Text color="default2">{props.suffix}</Text> : undefined}
    />
  );
}

/** An amount as text, so that no digit is lost on the way to the ledger. */
export function AmountField(props: FieldProps & { currency: string; isSigned?: boolean }) {
  const id = useId();
  const isAmount = props.isSigned ? /^-?\d*[.,]?\d*$/ : /^\d*[.,]?\d*$/;
  return (
    <Input
      {...NO_ROLE}
      id={id}
      label={props.label}
      value={props.value}
      inputMode="decimal"
      onChange={(event) => {
        if (isAmount.test(event.target.value)) {
          props.change(event.target.value.replace(",", "."));
        }
      }}
      error={Boolean(props.error)}
      helperText={props.error ?? props.hint}
      disabled={props.disabled}
      required={props.required}
      endAdornment={<Text color="default2">{props.currency}</Text>}
    />
  );
}

export function LongField(props: FieldProps) {
  const id = useId();
  return (
    <Textarea
      id={id}
      label={props.label}
      value={props.value}
      rows={3}
      onChange={(event) => props.change(event.target.value)}
      error={Boolean(props.error)}
      helperText={props.error ?? props.hint}
      disabled={props.disabled}
    />
  );
}

export interface Choice {
  value: string;
  label: string;
}

export function ChoiceField(props: FieldProps & { options: readonly Choice[] }) {
  const id = useId();
  return (
    <Select
      id={id}
      label={props.label}
      options={[...props.options]}
      value={props.value || null}
      onChange={(value: string) => props.change(value)}
      error={Boolean(props.error)}
      helperText={props.error ?? props.hint}
      disabled={props.disabled}
    />
  );
}

export function CheckField(props: {
  label: string;
  isChecked: boolean;
  change: (isChecked: boolean) => void;
  disabled?: boolean | undefined;
}) {
  return (
    <Checkbox
      checked={props.isChecked}
      disabled={props.disabled ?? false}
      onCheckedChange={(state) => props.change(state === true)}
    >
      <Text>{props.label}</Text>
    </Checkbox>
  );
}
