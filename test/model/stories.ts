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
const WITH_INGRESS: Start = { ...START, ingress: "wants", hasEdge: true };
/** An address that its user gives, in a pool. */
const POOLED = { given: "pool host", at: 0 } as const;
const turns = (count: number): Command[] =>
  Array.from({ length: count }, () => ({ do: "turn", n: 0, fate: "answered" }));
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
  // What a refused create has left is of no use to one of its name that others manage.
  [
    START,
    [creates({ ends: "refused" }), settle, creates({ given: "pool host, no topology", at: 1 }), settle],
  ],
  // Two that others manage have one address, and then comes a pool that has it.
  [
    { ...START, hasPool: false },
    [
      creates({ given: "pool host, no topology" }),
      creates({ name: "b", given: "pool host, no topology" }),
      settle,
      { do: "pool", name: "own", what: "comes" },
      settle,
    ],
  ],
  // A Cluster that others manage has an address of the pool; then one comes that asks for any.
  [START, [creates({ given: "pool host, no topology" }), settle, creates({ name: "b" }), settle]],
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
  // Two pools have the same addresses: the ingress is given the endpoint of another Cluster, and looks first.
  [
    WITH_INGRESS,
    [
      creates({ name: "c" }),
      settle,
      { do: "pool", name: "edge", what: "has what the first one has" },
      settle,
      creates(),
      settle,
      { do: "delete", name: "a", how: "Foreground" },
      settle,
    ],
  ],
  // Two pools have the same addresses, and two Clusters come at once: one goes first.
  [
    WITH_INGRESS,
    [
      { do: "pool", name: "edge", what: "has what the first one has" },
      settle,
      creates({ ingress: "off" }),
      creates({ name: "b" }),
      settle,
    ],
  ],
  // An ingress is switched off, and on again.
  [
    WITH_INGRESS,
    [
      creates(),
      settle,
      { do: "note", name: "a", what: "ingress off" },
      settle,
      { do: "note", name: "a", what: "ingress on" },
      settle,
    ],
  ],
  // A user gives what another Cluster has; and what lies in the Cluster's own network.
  [
    START,
    [
      creates(),
      settle,
      creates({ name: "b", ...POOLED }),
      creates({ name: "c", given: "inside its own network" }),
      settle,
    ],
  ],
  // A create dies between the two writes of its reservation, and nobody comes after it.
  [
    START,
    [
      settle,
      creates(POOLED),
      ...turns(11),
      { do: "kill", who: "admission", index: 0, landed: false },
      settle,
    ],
  ],
  // The same, and the Cluster comes without the address.
  [
    START,
    [
      settle,
      creates(POOLED),
      ...turns(11),
      { do: "kill", who: "admission", index: 0, landed: false },
      creates({ by: 1 }),
      settle,
    ],
  ],
  // A host in a pool, of a create that could not be judged: reserved by the watch, and looked at again.
  [START, [settle, creates(POOLED), lost, settle]],
  [START, [settle, creates({ given: "pool variable" }), lost, settle]],
  // A VIP is changed with its user's word, and the former one is given back later.
  [
    START,
    [
      creates(),
      settle,
      { do: "change", name: "a", what: "both", at: 5, allowed: false },
      { do: "change", name: "a", what: "both", at: 5, allowed: true },
      settle,
      { do: "note", name: "a", what: "give the former VIP back" },
      settle,
    ],
  ],
  // What a create says of itself, and what the installation has decided.
  [START, [creates({ given: "two different" }), settle]],
  [{ ...START, first: "restricted" }, [creates({ given: "host" }), settle]],
  [{ ...START, noPool: "reject", hasPool: false }, [creates(), settle]],
  // Users take a Cluster into their own hands.
  [{ ...START, hasPool: false }, [creates(), settle, { do: "note", name: "a", what: "release" }, settle]],
  [START, [creates(), settle, { do: "note", name: "a", what: "move away" }, settle]],
  // The address is pinned, but not confirmed in time; meanwhile somebody writes it into a Cluster that runs.
  [
    START,
    [
      creates({ name: "b", given: "host" }),
      settle,
      creates(POOLED),
      ...turns(12),
      { do: "wait", ms: 11_000 },
      { do: "act of", words: "store" },
      { do: "change", name: "b", what: "both", at: 0, allowed: true },
      settle,
    ],
  ],
  // A claim waits for an address, and its user brings one of the same pool.
  [
    START,
    [
      settle,
      creates(),
      ...turns(9),
      { do: "wait", ms: 11_000 },
      { do: "act of", words: "store" },
      { do: "change", name: "a", what: "host", at: 0, allowed: false },
      settle,
    ],
  ],
  // One pool serves both roles: the endpoint comes first, also where the ingress was served before.
  [
    { ...START, ingress: "wants" },
    [{ do: "pool", name: "own", what: "serves both roles" }, settle, creates(), lost, settle],
  ],
  [
    WITH_INGRESS,
    [
      { do: "pool", name: "own", what: "is disabled" },
      settle,
      creates(),
      lost,
      settle,
      { do: "pool", name: "edge", what: "serves both roles" },
      settle,
    ],
  ],
  // A hold is released when the Cluster has a host already: the word means nothing, and the host does not change.
  [
    { ...START, ingress: "wants", hasClass: false },
    [
      creates({ given: "pool variable" }),
      { do: "class", name: "c1", endpoint: "wants", ingress: "wants" },
      ...turns(3),
      lost,
      creates({ name: "b" }),
      settle,
      { do: "note", name: "a", what: "release" },
      { do: "change", name: "a", what: "host", at: 1, allowed: false },
      settle,
    ],
  ],
  // A create is refused; the next one of the name brings an address, and cannot be judged.
  [START, [settle, creates({ ends: "refused" }), settle, creates({ ...POOLED, at: 1 }), lost, settle]],
];
