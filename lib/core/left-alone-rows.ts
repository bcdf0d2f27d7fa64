/**
 * Answers: what is done for the endpoint of a Cluster that is otherwise left alone?
 *
 * Without a topology, or opted out, nothing is written on it. But it answers at its endpoint, so a pool that has
 * that address must not give it to anybody else: it is reserved there like one that a user gives.
 */
import { adoption, claiming, ownerOf, retire, retireAged } from "./adoption";
import type { Row } from "./row";
import { says } from "./says";
import { isTaken, keptFromThird, lacksLook, looking, nextLookMs } from "./sharing";
import { hasOptedOut, isPinnable, isServedBy, type Situation } from "./situation";
import type { Reason } from "./verdict";

/** What is held has a hold to lose first. */
const isLeftAlone = (s: Situation): boolean =>
  s.role.isEndpoint && !s.held && (s.cluster.class === undefined || hasOptedOut(s.cluster, s.role));

const reasonOf = ({ cluster }: Situation): Reason =>
  cluster.class === undefined ? "NoTopology" : "OptedOut";

const ROWS: readonly Row<Situation>[] = [
  {
    // Of a create that did not come to be; what is owned stays, for machines may still answer there.
    name: "left alone, with a claim that nobody owns and that is not its endpoint's",
    when: (s) => s.claim !== undefined && !s.claim.owner && retire(s).steps !== undefined,
    plan: (s) => says(reasonOf(s), "", retireAged(s)),
  },
  {
    name: "left alone, its endpoint in a pool: who has it?",
    when: (s) => isPinnable(s) && lacksLook(s),
    plan: (s) => ({ ...looking(s), ...says(reasonOf(s)) }),
  },
  {
    name: "left alone, its endpoint in a pool: reserved there",
    when: (s) => isPinnable(s) && !isTaken(s),
    plan: (s) => says(reasonOf(s), "", { steps: claiming(s, ownerOf(s)) }),
  },
  {
    name: "left alone, its endpoint in a pool, and another has it",
    when: (s) => isPinnable(s) && !s.address,
    plan: (s) => says(reasonOf(s), "", { steps: keptFromThird(s), lookAgainMs: nextLookMs(s) }),
  },
  {
    name: "left alone, its endpoint reserved: adopted",
    when: (s) => isServedBy(s) && adoption(s).length > 0,
    plan: (s) => says(reasonOf(s), "", { steps: adoption(s) }),
  },
];

export const LEFT_ALONE_ROWS: readonly Row<Situation>[] = ROWS.map((row) => ({
  ...row,
  when: (s) => isLeftAlone(s) && row.when(s),
}));
