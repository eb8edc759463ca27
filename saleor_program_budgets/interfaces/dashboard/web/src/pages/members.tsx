import { SearchInput } from "@saleor/macaw-ui";
import { useState } from "react";
import { Link } from "wouter";
import { useQuery } from "urql";
import { useFormat } from "../format";
import { graphql } from "../gql";
import type { MembersQuery } from "../gql/graphql";
import { useAsked } from "../parts/address";
import { ChoiceField } from "../parts/fields";
import { Badge, Card, Head } from "../parts/page";
import { AccountField, ALL, ProgramField, useAccount, useRested } from "../parts/pickers";
import { Empty, Failure } from "../parts/states";
import { Pager, Table, usePaging } from "../parts/table";
import { texts } from "../texts";
import { GroupField } from "./groups";

const Members = graphql(`
  query Members($first: Int!, $after: String, $search: String, $filter: ProgramBudgetMemberFilterInput) {
    programBudgetMembers(
      first: $first
      after: $after
      search: $search
      filter: $filter
      sortBy: { field: LAST_NAME, direction: ASC }
    ) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          name
          email
          isActive
          program {
            id
            name
          }
          account {
            id
            name
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

type Member = NonNullable<MembersQuery["programBudgetMembers"]>["edges"][number]["node"];

const t = texts.members;

export default function MembersPage() {
  const { asked, ask } = useAsked("program", "account", "group", "state");
  const [words, setWords] = useState("");
  const account = useAccount(asked.account);
  const paging = usePaging();
  const rested = useRested(words);
  const filter = {
    ...(asked.program ? { program: asked.program } : {}),
    ...(asked.account ? { underAccount: asked.account } : {}),
    ...(asked.group ? { group: asked.group } : {}),
    ...(asked.state ? { isActive: asked.state === "active" } : {}),
  };
  const [{ data, error }, again] = useQuery({
    query: Members,
    variables: { ...paging.variables, search: rested || null, filter },
  });
  const list = data?.programBudgetMembers;
  const isNarrowed = Boolean(rested) || Object.keys(filter).length > 0;
  const narrow = (part: Parameters<typeof ask>[0]) => {
    paging.reset();
    ask(part);
  };
  return (
    <>
      <Head title={t.title} />
      {error ? <Failure error={error} retry={() => again({ requestPolicy: "network-only" })} /> : null}
      <Card>
        <div className="filters">
          <SearchInput
            className="wide"
            aria-label={texts.common.search}
            placeholder={t.searchHint}
            value={words}
            onChange={(event) => {
              setWords(event.target.value);
              paging.reset();
            }}
          />
          <ProgramField
            value={asked.program}
            change={(program) => narrow({ program, group: "" })}
          />
          {asked.group ? (
            <GroupField
              program={asked.program}
              value={asked.group}
              change={(group) => narrow({ group })}
            />
          ) : null}
          <AccountField
            label={texts.common.account}
            value={account}
            change={(choice) => narrow({ account: choice?.value ?? "" })}
          />
          <ChoiceField
            label={texts.common.state}
            value={asked.state || ALL}
            change={(state) => narrow({ state: state === ALL ? "" : state })}
            options={[
              { value: ALL, label: texts.common.all },
              { value: "active", label: t.active },
              { value: "inactive", label: t.inactive },
            ]}
          />
        </div>
        {list?.edges.length === 0 ? (
          <Empty title={isNarrowed ? t.noMatch : t.empty} text={isNarrowed ? "" : t.emptyHint} />
        ) : (
          <MemberTable rows={list?.edges.map(({ node }) => node)} />
        )}
        <Pager paging={paging} info={list?.pageInfo} total={list?.totalCount} noun={t.noun} />
      </Card>
    </>
  );
}

function MemberTable(props: { rows: Member[] | undefined }) {
  const format = useFormat();
  return (
    <Table
      label={t.title}
      rows={props.rows}
      keyOf={({ id }) => id}
      columns={[
        {
          name: t.columns.name,
          cell: (member) => (
            <span className="name">
              <Link className="link" href={`/members/${member.id}`}>
                {nameOf(member)}
              </Link>
              {member.name?.trim() ? <span className="small weak">{member.email}</span> : null}
            </span>
          ),
        },
        { name: t.columns.program, cell: ({ program }) => program.name },
        { name: t.columns.account, cell: ({ account }) => account.name },
        {
          name: t.columns.available,
          isNumber: true,
          cell: ({ balance }) => format.money(balance.available),
        },
        { name: t.columns.held, isNumber: true, cell: ({ balance }) => format.money(balance.held) },
        { name: t.columns.spent, isNumber: true, cell: ({ balance }) => format.money(balance.spent) },
        { name: t.columns.state, cell: ({ isActive }) => <MemberBadge isActive={isActive} /> },
      ]}
    />
  );
}

export function MemberBadge(props: { isActive: boolean }) {
  return props.isActive ? (
    <Badge tone="success">{t.active}</Badge>
  ) : (
    <Badge tone="neutral">{t.inactive}</Badge>
  );
}

/** What a member is called; a user may have no name, and may be deleted. */
export function nameOf(member: { name?: string | null; email?: string | null }): string {
  return member.name?.trim() || member.email || t.deleted;
}
