/** Lives that chance seldom comes to, told in full: with them every row of the tables decides in every run. */
import type { Command, Start } from "./commands";

const START: Start = {
  noPool: "hold",
  quarantineMs: 0,
  first: "wants",
  ingress: "without",
  hasClass: true,
  hasPool: true,
  hasEdge: false,
};
const settle: Command = { do: "settle" };
const creates = (more: Partial<Command & { do: "create" }> = {}): Command => ({
  do: "create",
  name: "a",
  of: "c1",
  given: "nothing",
  ingress: "nothing",
  at: 0,
  by: 0,
  ends: "stored",
  ...more,
});
const lost: Command = { do: "turn", n: 0, fate: "lost" };

export const STORIES: readonly (readonly [Start, Command[]])[] = [
  // A create is refused, its pool is given to another class, and the create is repeated.
  [
    START,
    [
      creates({ ends: "refused" }),
      settle,
      { do: "pool", name: "own", what: "serves c2" },
      { do: "pool", name: "global", what: "comes" },
      settle,
      creates(),
      settle,
    ],
  ],
  // The only address is one that the class does not allow, and its claim is deleted by hand.
  [
    { ...START, first: "restricted", hasPool: false },
    [
      { do: "pool", name: "global", what: "comes" },
      settle,
      creates(),
      settle,
      { do: "kill", who: "watcher", index: 0, landed: false },
      { do: "delete claim", name: "a", of: "control-plane" },
      settle,
      { do: "start", who: "watcher", index: 0 },
      settle,
    ],
  ],
  // A create with a host of the user's cannot be judged, and the class restricts its variable.
  [{ ...START, first: "restricted" }, [settle, creates({ given: "host" }), lost, settle]],
  // A claim that is labelled is given back while its Cluster is held.
  [
    START,
    [
      creates(),
      settle,
      { do: "delete", name: "a", how: "Orphan" },
      { do: "act of", words: "Cluster API" },
      { do: "act of", words: "collector" },
      creates({ given: "two different" }),
      settle,
    ],
  ],
  // The class goes between the answer of the hook and the store.
  [
    START,
    [
      creates(),
      ...Array.from({ length: 12 }, (): Command => ({ do: "turn", n: 0, fate: "answered" })),
      ...Array.from({ length: 9 }, (): Command[] => [
        { do: "act of", words: "provider" },
        { do: "turn", n: 0, fate: "answered" },
      ]).flat(),
      { do: "class goes", name: "c1" },
      settle,
    ],
  ],
  // The class is changed while no watcher is there to secure the address first.
  [
    START,
    [
      { do: "class", name: "c2", endpoint: "wants", ingress: "without" },
      { do: "kill", who: "watcher", index: 0, landed: false },
      creates({ given: "a list of variables" }),
      settle,
      { do: "rebase", name: "a", to: "c2", how: "apply" },
      { do: "start", who: "watcher", index: 0 },
      settle,
    ],
  ],
];
