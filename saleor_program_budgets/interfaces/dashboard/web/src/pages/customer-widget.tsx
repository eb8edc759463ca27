import { useRef } from "react";
import { useQuery } from "urql";
import { Pager, usePaging } from "../parts/table";
import { useWidget } from "../parts/widget";
import { useFormat } from "../format";
import { graphql } from "../gql";
import { Figures } from "../parts/page";
import { Failure, Loading } from "../parts/states";
import { texts } from "../texts";

const CustomerBudgets = graphql(`
  query CustomerBudgets($user: ID!, $first: Int!, $after: String) {
    programBudgetMembers(first: $first, after: $after, filter: { user: $user }) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          isActive
          program {
            id
            name
          }
          account {
            id
            name
          }
          nextReset {
            at
          }
          balance {
            available {
              amount
              currency
            }
            held {
              amount
              currency
            }
            spent {
              amount
              currency
            }
          }
        }
      }
    }
  }
`);

const t = texts.widgets;
const FEW = 5;

/** What a customer has, on their page in the Dashboard. */
export default function CustomerWidget() {
  const root = useRef<HTMLDivElement>(null);
  const user = useWidget(root, "customerId");
  const format = useFormat();
  const paging = usePaging(FEW);
  const [{ data, error, fetching }, again] = useQuery({
    query: CustomerBudgets,
    variables: { user, ...paging.variables },
    pause: !user,
  });
  const list = data?.programBudgetMembers;
  const members = list?.edges.map(({ node }) => node) ?? [];
  return (
    <div className="widget" ref={root}>
      {error ? <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} /> : null}
      {fetching && !data ? <Loading /> : null}
      {data && members.length === 0 ? <p className="weak">{t.none}</p> : null}
      {members.map(({ id, program, account, balance, nextReset, isActive }) => (
        <section key={id} className="stack">
          <div>
            <strong>{program.name}</strong>{" "}
            <span className="weak small">
              {[
                account.name,
                isActive ? null : texts.members.inactive,
                nextReset ? t.lapses(format.date(nextReset.at)) : null,
              ]
                .filter(Boolean)
                .join(" · ")}
            </span>
          </div>
          <Figures
            items={[
              [t.available, format.money(balance.available)],
              [t.held, format.money(balance.held)],
              [t.spent, format.money(balance.spent)],
            ]}
          />
        </section>
      ))}
      {list && members.length > 0 ? (
        <Pager paging={paging} info={list.pageInfo} total={list.totalCount} noun={t.programNoun} />
      ) : null}
    </div>
  );
}
