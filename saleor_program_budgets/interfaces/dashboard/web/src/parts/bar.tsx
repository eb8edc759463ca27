import { useFormat, type Money } from "../format";
import { texts } from "../texts";

/** How much of a ceiling is spent and held; what is above it is drawn as such. */
export function Bar(props: { spent: Money; held?: Money; ceiling: Money; label: string }) {
  const format = useFormat();
  const held = props.held?.amount ?? 0;
  const used = props.spent.amount + held;
  const whole = Math.max(props.ceiling.amount, used);
  const share = props.ceiling.amount > 0 ? used / props.ceiling.amount : used > 0 ? 1 : 0;
  const width = (part: number) => ({ width: whole > 0 ? `${(part / whole) * 100}%` : "0" });
  const tone = share > 1 ? "over" : share >= 0.9 ? "near" : "";
  return (
    <div className="meter">
      <div
        className={`bar ${tone}`}
        role="meter"
        aria-label={props.label}
        aria-valuemin={0}
        aria-valuemax={Math.round(whole * 100) / 100}
        aria-valuenow={Math.round(used * 100) / 100}
        aria-valuetext={texts.bar.used(format.percent(share))}
      >
        <span className="spent" style={width(props.spent.amount)} />
        <span className="held" style={width(held)} />
      </div>
      <span className="share">{format.percent(share)}</span>
    </div>
  );
}
