import { Link, useLocation } from "wouter";
import { texts } from "../texts";

const TABS = [
  ["/utilization", texts.tabs.utilization],
  ["/programs", texts.tabs.programs],
  ["/accounts", texts.tabs.accounts],
  ["/members", texts.tabs.members],
  ["/codes", texts.tabs.codes],
  ["/jobs", texts.tabs.jobs],
] as const;

export function Tabs() {
  const [location] = useLocation();
  const place = location.startsWith("/setup")
    ? "/programs"
    : location.startsWith("/entries") || location.startsWith("/purchases")
      ? "/utilization"
      : location;
  return (
    <nav className="tabs" aria-label={texts.tabs.label}>
      {TABS.map(([path, label]) => (
        <Link key={path} href={path} aria-current={place.startsWith(path) ? "page" : undefined}>
          {label}
        </Link>
      ))}
    </nav>
  );
}
