import { useQuery } from "urql";
import { graphql } from "../gql";
import { texts } from "../texts";

const Lineage = graphql(`
  query Lineage($id: ID!) {
    programBudgetAccount(id: $id) {
      ...Named
      parent {
        ...Named
        parent {
          ...Named
          parent {
            ...Named
            parent {
              ...Named
              parent {
                ...Named
                parent {
                  ...Named
                }
              }
            }
          }
        }
      }
    }
  }

  fragment Named on ProgramBudgetAccount {
    id
    name
  }
`);

interface Named {
  id: string;
  name: string;
  parent?: Named | null;
}

const t = texts.utilization;

/** Where in the tree the board is, with the way back up; nothing at the top. */
export function Place(props: { account: string; enter: (account: string) => void }) {
  const [{ data }] = useQuery({
    query: Lineage,
    variables: { id: props.account },
    pause: !props.account,
  });
  if (!props.account) {
    return null;
  }
  const above = lineOf(data?.programBudgetAccount ?? null);
  return (
    <nav className="place" aria-label={t.place}>
      <ol>
        {[{ id: "", name: t.everything }, ...above].map(({ id, name }) => (
          <li key={id}>
            {id === props.account ? (
              <span aria-current="location">{name}</span>
            ) : (
              <button type="button" className="link" onClick={() => props.enter(id)}>
                {name}
              </button>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** An account and all above it, the topmost first. */
function lineOf(account: Named | null): Named[] {
  return account ? [...lineOf(account.parent ?? null), account] : [];
}
