import { Button, Skeleton } from "@saleor/macaw-ui";
import type { ReactNode } from "react";
import { useState } from "react";
import { texts } from "../texts";

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ReactNode;
  isNumber?: boolean;
}

/** A table; while the first rows load it holds their place. */
export function Table<Row>(props: {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[] | undefined;
  keyOf: (row: Row) => string;
  level?: (row: Row) => number;
}) {
  return (
    <div className="table" role="region" aria-label={props.label} tabIndex={0}>
      <table>
        <caption className="unseen">{props.label}</caption>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.name} scope="col" className={column.isNumber ? "number" : undefined}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows
            ? props.rows.map((row) => <Cells key={props.keyOf(row)} row={row} columns={props.columns} />)
            : [1, 2, 3, 4, 5].map((number) => (
                <tr key={number}>
                  {props.columns.map((column) => (
                    <td key={column.name}>
                      <Skeleton height={4} />
                    </td>
                  ))}
                </tr>
              ))}
        </tbody>
      </table>
    </div>
  );
}

function Cells<Row>({ row, columns }: { row: Row; columns: readonly Column<Row>[] }) {
  return (
    <tr>
      {columns.map((column) => (
        <td key={column.name} className={column.isNumber ? "number" : undefined}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

export interface PageInfo {
  hasNextPage: boolean;
  endCursor?: string | null;
}

export const PAGE_SIZE = 20;

export interface Paging {
  variables: { first: number; after: string | null };
  isFirst: boolean;
  forward: (info: PageInfo) => void;
  back: () => void;
  reset: () => void;
}

/** A place in a list; the way back is remembered, since cursors lead forward alone. */
export function usePaging(size = PAGE_SIZE): Paging {
  const [trail, setTrail] = useState<string[]>([]);
  return {
    variables: { first: size, after: trail.at(-1) ?? null },
    isFirst: trail.length === 0,
    forward: ({ endCursor }) => {
      if (endCursor) {
        setTrail([...trail, endCursor]);
      }
    },
    back: () => setTrail(trail.slice(0, -1)),
    reset: () => setTrail([]),
  };
}

export function Pager(props: { paging: Paging; info: PageInfo | undefined; total?: number | null; noun: (total: number) => string }) {
  const { paging, info } = props;
  const isOnly = paging.isFirst && !info?.hasNextPage;
  return (
    <div className="pager">
      <span>{typeof props.total === "number" ? props.noun(props.total) : ""}</span>
      {isOnly ? null : (
        <div className="actions">
          <Button variant="secondary" size="small" disabled={paging.isFirst} onClick={paging.back}>
            {texts.pager.back}
          </Button>
          <Button
            variant="secondary"
            size="small"
            disabled={!info?.hasNextPage}
            onClick={() => {
              if (info) {
                paging.forward(info);
              }
            }}
          >
            {texts.pager.forward}
          </Button>
        </div>
      )}
    </div>
  );
}
