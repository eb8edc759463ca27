import { Button } from "@saleor/macaw-ui";
import { useQuery } from "urql";
import { useFormat, type Format } from "../format";
import { graphql } from "../gql";
import type { JobsQuery } from "../gql/graphql";
import { Badge, Card, Head } from "../parts/page";
import { Empty, Failure } from "../parts/states";
import { Pager, Table, usePaging } from "../parts/table";
import { texts } from "../texts";

const Jobs = graphql(`
  query Jobs($first: Int!, $after: String) {
    programBudgetJobs(first: $first, after: $after) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      edges {
        node {
          id
          name
          state
          startedAt
          finishedAt
          done
          total
          error
          program {
            id
            name
          }
        }
      }
    }
  }
`);

type Job = NonNullable<JobsQuery["programBudgetJobs"]>["edges"][number]["node"];

const t = texts.jobs;

export default function JobsPage() {
  const paging = usePaging();
  const [{ data, error }, again] = useQuery({ query: Jobs, variables: paging.variables });
  const list = data?.programBudgetJobs;
  const refresh = () => again({ requestPolicy: "network-only" });
  return (
    <>
      <Head title={t.title}>
        <Button variant="secondary" onClick={refresh}>
          {texts.common.refresh}
        </Button>
      </Head>
      {error ? <Failure error={error} retry={refresh} /> : null}
      <Card>
        <p className="weak">{t.hint}</p>
        {list?.edges.length === 0 ? (
          <Empty title={t.empty} />
        ) : (
          <JobTable rows={list?.edges.map(({ node }) => node)} />
        )}
        <Pager paging={paging} info={list?.pageInfo} total={list?.totalCount} noun={t.noun} />
      </Card>
    </>
  );
}

function JobTable(props: { rows: Job[] | undefined }) {
  const format = useFormat();
  return (
    <Table
      label={t.title}
      rows={props.rows}
      keyOf={({ id }) => id}
      columns={[
        { name: t.columns.name, cell: ({ name }) => t.names[name] ?? name },
        { name: t.columns.program, cell: ({ program }) => program?.name ?? texts.common.none },
        { name: t.columns.state, cell: (job) => <State job={job} /> },
        {
          name: t.columns.done,
          isNumber: true,
          cell: ({ done, total }) =>
            total ? `${format.number(done)} / ${format.number(total)}` : format.number(done),
        },
        { name: t.columns.started, cell: ({ startedAt }) => format.time(startedAt) },
        { name: t.columns.took, isNumber: true, cell: (job) => took(job, format) },
        { name: t.columns.result, cell: ({ error }) => <span className="small">{error}</span> },
      ]}
    />
  );
}

function State({ job }: { job: Job }) {
  const tone = { RUNNING: "info", FINISHED: "success", FAILED: "critical", LOST: "warning" } as const;
  return <Badge tone={tone[job.state]}>{t.states[job.state]}</Badge>;
}

function took({ startedAt, finishedAt }: Job, format: Format): string {
  if (!finishedAt) {
    return texts.common.none;
  }
  const milliseconds = Date.parse(finishedAt) - Date.parse(startedAt);
  return milliseconds < 1000
    ? t.milliseconds(format.number(milliseconds))
    : t.seconds(format.number(Math.round(milliseconds / 100) / 10));
}
