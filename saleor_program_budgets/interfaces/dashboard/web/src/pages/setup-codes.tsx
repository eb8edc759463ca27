import { Button } from "@saleor/macaw-ui";
import { useState } from "react";
import { Link } from "wouter";
import { useQuery } from "urql";
import { graphql } from "../gql";
import type { ProgramRulesFragment } from "../gql/graphql";
import { useAgainWhile } from "../parts/again";
import { Card } from "../parts/page";
import { Failure, Loading } from "../parts/states";
import { Pager, usePaging } from "../parts/table";
import { texts } from "../texts";
import { BatchState } from "./codes";
import { IssueDialog } from "./issue-dialog";

const SetupBatches = graphql(`
  query SetupBatches($program: ID!, $first: Int!, $after: String) {
    programBudgetCodeBatches(first: $first, after: $after, program: $program) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          ...BatchRow
        }
      }
    }
  }
`);

const t = texts.setup;

export function CodesStep(props: { program: ProgramRulesFragment; done: () => void }) {
  const [isIssuing, setIssuing] = useState(false);
  const paging = usePaging();
  const [{ data, error }, again] = useQuery({
    query: SetupBatches,
    variables: { program: props.program.id, ...paging.variables },
  });
  const refresh = () => again({ requestPolicy: "network-only" });
  const list = data?.programBudgetCodeBatches;
  const batches = list?.edges.map(({ node }) => node) ?? [];
  useAgainWhile(batches.some(({ status }) => status === "GENERATING"), refresh);
  return (
    <>
      <Card title={t.steps[2]}>
        <p className="weak">{t.codesHint}</p>
        {error ? <Failure error={error} retry={refresh} /> : null}
        {data ? null : error ? null : <Loading />}
        {batches.map((batch) => (
          <div key={batch.id} className="actions">
            <Link className="link" href={`/codes/${batch.id}`}>
              {batch.name}
            </Link>
            <BatchState batch={batch} />
          </div>
        ))}
        {batches.length > 0 ? (
          <Pager paging={paging} info={list?.pageInfo} total={list?.totalCount} noun={texts.codes.noun} />
        ) : null}
        <div className="actions">
          <Button variant="secondary" onClick={() => setIssuing(true)}>
            {texts.codes.create}
          </Button>
        </div>
      </Card>
      <div className="actions end">
        <Button onClick={props.done}>{batches.length > 0 ? t.forward : t.skip}</Button>
      </div>
      {isIssuing ? (
        <IssueDialog program={props.program.id} close={() => setIssuing(false)} done={refresh} />
      ) : null}
    </>
  );
}
