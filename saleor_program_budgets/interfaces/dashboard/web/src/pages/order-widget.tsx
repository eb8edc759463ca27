import { useRef } from "react";
import { useQuery } from "urql";
import { useFormat } from "../format";
import { graphql } from "../gql";
import { Figures } from "../parts/page";
import { Failure, Loading } from "../parts/states";
import { Pager, usePaging } from "../parts/table";
import { useWidget } from "../parts/widget";
import { texts } from "../texts";
import { nameOf } from "./members";

const OrderBudget = graphql(`
  query OrderBudget($order: ID!, $first: Int!, $after: String) {
    programBudgetHolds(first: $first, after: $after, filter: { order: $order }) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          program {
            id
            name
          }
          account {
            id
            name
          }
          member {
            id
            name
            email
          }
          captured {
            amount
            currency
          }
          refunded {
            amount
            currency
          }
          remaining {
            amount
            currency
          }
        }
      }
    }
  }
`);

const t = texts.widgets;
const FEW = 5;

/** What funded an order, on its page in the Dashboard. */
export default function OrderWidget() {
  const root = useRef<HTMLDivElement>(null);
  const order = useWidget(root, "orderId");
  const format = useFormat();
  const paging = usePaging(FEW);
  const [{ data, error, fetching }, again] = useQuery({
    query: OrderBudget,
    variables: { order, ...paging.variables },
    pause: !order,
  });
  const list = data?.programBudgetHolds;
  const holds = list?.edges.map(({ node }) => node) ?? [];
  return (
    <div className="widget" ref={root}>
      {error ? <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} /> : null}
      {fetching && !data ? <Loading /> : null}
      {data && holds.length === 0 ? <p className="weak">{t.noBudget}</p> : null}
      {holds.map((hold) => (
        <section key={hold.id} className="stack">
          <div>
            <strong>{hold.program.name}</strong>{" "}
            <span className="weak small">
              {nameOf(hold.member)} · {hold.account.name}
            </span>
          </div>
          <Figures
            items={[
              [t.paid, format.money(hold.captured)],
              [t.refunded, format.money(hold.refunded)],
              [t.held, format.money(hold.remaining)],
            ]}
          />
        </section>
      ))}
      {list && holds.length > 0 ? (
        <Pager paging={paging} info={list.pageInfo} total={list.totalCount} noun={t.holdNoun} />
      ) : null}
    </div>
  );
}
