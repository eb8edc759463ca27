// A program's rules as a form.

import { Button } from "@saleor/macaw-ui";
import { useQuery } from "urql";
import { graphql } from "../gql";
import { AmountField, CheckField, ChoiceField, TextField } from "../parts/fields";
import { Card } from "../parts/page";
import { texts } from "../texts";
import type { Rules } from "./rules";

const Channels = graphql(`
  query Channels {
    channels {
      id
      name
      currencyCode
    }
  }
`);

interface Props {
  rules: Rules;
  change: (part: Partial<Rules>) => void;
  errorOf: (field: string) => string | undefined;
  isNew: boolean;
}

const t = texts.rules;
const FEWEST_DATES = 2;

export function RulesForm(props: Props) {
  return (
    <div className="columns">
      <Card title={t.groupBudget}>
        <BudgetRules {...props} />
      </Card>
      <Card title={t.groupPeriod}>
        <PeriodRules {...props} />
      </Card>
      <Card title={t.groupPurchase}>
        <PurchaseRules {...props} />
      </Card>
      <Card title={t.groupStores}>
        <StoreRules {...props} />
      </Card>
    </div>
  );
}

function BudgetRules({ rules, change, errorOf, isNew }: Props) {
  return (
    <div className="fields">
      <TextField
        label={t.name}
        value={rules.name}
        change={(name) => change({ name })}
        error={errorOf("name")}
        required
      />
      <TextField
        label={t.currency}
        value={rules.currency}
        change={(currency) => change({ currency: currency.toUpperCase().slice(0, 3), channels: [] })}
        hint={t.currencyHint}
        error={errorOf("currency")}
        disabled={!isNew}
        required
      />
      <AmountField
        label={t.allotment}
        value={rules.allotment}
        change={(allotment) => change({ allotment })}
        currency={rules.currency}
        hint={t.allotmentHint}
        error={errorOf("allotment")}
      />
      <TextField
        label={t.items}
        type="number"
        value={rules.allotmentItems}
        change={(allotmentItems) => change({ allotmentItems })}
        hint={t.itemsHint}
        error={errorOf("allotmentItems")}
      />
    </div>
  );
}

function PeriodRules({ rules, change, errorOf }: Props) {
  return (
    <div className="fields">
      <ChoiceField
        label={t.length}
        value={rules.cycleLength}
        change={(value) => change({ cycleLength: value as Rules["cycleLength"] })}
        options={choices(t.lengths)}
        error={errorOf("cycleLength")}
      />
      {rules.cycleLength === "CUSTOM" ? (
        <CycleDates rules={rules} change={change} error={errorOf("cycleDates")} />
      ) : null}
      <ChoiceField
        label={t.proration}
        value={rules.proration}
        change={(value) => change({ proration: value as Rules["proration"] })}
        options={choices(t.prorations)}
        error={errorOf("proration")}
      />
      <CheckField
        label={t.carries}
        isChecked={rules.carriesForward}
        change={(carriesForward) => change({ carriesForward })}
      />
      {rules.carriesForward ? (
        <div className="fields two">
          <AmountField
            label={t.carryLimit}
            value={rules.carryLimit}
            change={(carryLimit) => change({ carryLimit })}
            currency={rules.currency}
            hint={t.carryLimitHint}
            error={errorOf("carryLimit")}
          />
          <TextField
            label={t.carryDays}
            type="number"
            value={rules.carryDays}
            change={(carryDays) => change({ carryDays })}
            hint={t.carryDaysHint}
            error={errorOf("carryDays")}
          />
        </div>
      ) : null}
      <TextField
        label={t.reminders}
        value={rules.reminderDays}
        change={(reminderDays) => change({ reminderDays })}
        hint={t.remindersHint}
        error={errorOf("reminderDays")}
      />
    </div>
  );
}

/** Where periods are cut: each lasts from one date to the next. */
function CycleDates(props: Pick<Props, "rules" | "change"> & { error: string | undefined }) {
  const { rules, change, error } = props;
  const dates = rules.cycleDates;
  return (
    <fieldset className="checks">
      <legend>{t.dates}</legend>
      <p className="weak small">{t.datesHint}</p>
      {dates.map((date, index) => (
        <div key={index} className="with-action">
          <TextField
            label={t.dateNumber(index + 1)}
            type="datetime-local"
            value={date}
            change={(value) =>
              change({ cycleDates: dates.map((each, at) => (at === index ? value : each)) })
            }
            error={index === dates.length - 1 ? error : undefined}
          />
          {dates.length > FEWEST_DATES ? (
            <Button
              type="button"
              variant="tertiary"
              size="small"
              aria-label={t.removeDate(index + 1)}
              onClick={() => change({ cycleDates: dates.filter((_, at) => at !== index) })}
            >
              {texts.common.remove}
            </Button>
          ) : null}
        </div>
      ))}
      <div className="actions">
        <Button
          type="button"
          variant="secondary"
          size="small"
          onClick={() => change({ cycleDates: [...dates, ""] })}
        >
          {t.addDate}
        </Button>
      </div>
    </fieldset>
  );
}

function PurchaseRules({ rules, change, errorOf }: Props) {
  return (
    <div className="fields">
      <ChoiceField
        label={t.overage}
        value={rules.overagePolicy}
        change={(value) => change({ overagePolicy: value as Rules["overagePolicy"] })}
        options={choices(t.overages)}
      />
      <ChoiceField
        label={t.refund}
        value={rules.refundPolicy}
        change={(value) => change({ refundPolicy: value as Rules["refundPolicy"] })}
        options={choices(t.refunds)}
      />
      {rules.refundPolicy === "GRACE" ? (
        <TextField
          label={t.graceDays}
          type="number"
          value={rules.refundGraceDays}
          change={(refundGraceDays) => change({ refundGraceDays })}
          error={errorOf("refundGraceDays")}
        />
      ) : null}
      <TextField
        label={t.holdMinutes}
        type="number"
        value={rules.holdTtlMinutes}
        change={(holdTtlMinutes) => change({ holdTtlMinutes })}
        hint={t.holdMinutesHint}
        error={errorOf("holdTtlMinutes")}
      />
      <CheckField
        label={t.shipping}
        isChecked={rules.includesShipping}
        change={(includesShipping) => change({ includesShipping })}
      />
      <CheckField
        label={t.tax}
        isChecked={rules.includesTax}
        change={(includesTax) => change({ includesTax })}
      />
      <CheckField
        label={t.returnsCodes}
        isChecked={rules.returnsCodes}
        change={(returnsCodes) => change({ returnsCodes })}
      />
    </div>
  );
}

function StoreRules({ rules, change, errorOf }: Props) {
  const [{ data }] = useQuery({ query: Channels });
  const channels = (data?.channels ?? []).filter(
    ({ currencyCode }) => !rules.currency || currencyCode === rules.currency,
  );
  return (
    <div className="fields">
      <fieldset className="checks">
        <legend>{t.channels}</legend>
        <p className="weak small">{t.channelsHint}</p>
        {channels.map(({ id, name, currencyCode }) => (
          <CheckField
            key={id}
            label={`${name} (${currencyCode})`}
            isChecked={rules.channels.includes(id)}
            change={(isChecked) =>
              change({
                channels: isChecked
                  ? [...rules.channels, id]
                  : rules.channels.filter((each) => each !== id),
                currency: rules.currency || currencyCode,
              })
            }
          />
        ))}
        {data && channels.length === 0 ? <p className="weak">{t.noChannels}</p> : null}
      </fieldset>
      <div className="fields two">
        <TextField
          label={t.opensAt}
          type="datetime-local"
          value={rules.opensAt}
          change={(opensAt) => change({ opensAt })}
          hint={t.windowHint}
          error={errorOf("opensAt")}
        />
        <TextField
          label={t.closesAt}
          type="datetime-local"
          value={rules.closesAt}
          change={(closesAt) => change({ closesAt })}
          hint={t.windowHint}
          error={errorOf("closesAt")}
        />
      </div>
      <TextField
        label={t.timeZone}
        value={rules.timeZone}
        change={(timeZone) => change({ timeZone })}
        error={errorOf("timeZone")}
      />
    </div>
  );
}

function choices(labels: Record<string, string>) {
  return Object.entries(labels).map(([value, label]) => ({ value, label }));
}
