import { Text } from "@saleor/macaw-ui";
import type { ReactNode } from "react";
import { Link } from "wouter";

/** A page's head: where it stands, what it is, and what can be done here. */
export function Head(props: {
  title: string;
  back?: { href: string; label: string };
  badge?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <header className="head">
      <div>
        {props.back ? (
          <Link className="back" href={props.back.href}>
            ← {props.back.label}
          </Link>
        ) : null}
        <div className="title">
          <Text as="h1" size={7} fontWeight="medium">
            {props.title}
          </Text>
          {props.badge}
        </div>
      </div>
      <div className="actions">{props.children}</div>
    </header>
  );
}

export function Card(props: { title?: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="card">
      {props.title ? (
        <div className="card-head">
          <Text as="h2" size={5} fontWeight="medium">
            {props.title}
          </Text>
          <div className="actions">{props.actions}</div>
        </div>
      ) : null}
      {props.children}
    </section>
  );
}

/** Figures side by side, each under its name. */
export function Figures(props: { items: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="figures">
      {props.items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Badge(props: { tone: "neutral" | "info" | "success" | "warning" | "critical"; children: ReactNode }) {
  return <span className={`badge ${props.tone}`}>{props.children}</span>;
}
