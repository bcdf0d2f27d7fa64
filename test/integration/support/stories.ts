/**
 * What befalls Clusters, told as users would: each story is what people do and what they wait for, and every
 * write of the module is in at least one of them. A story can be told again and again, whatever breaks.
 */
import { claim as claimManifest, pool as poolManifest } from "../../../sandbox/fixtures";
import type { Gate } from "../../../sandbox/gate";
import { Refused } from "./api-server";
import { eventually } from "./eventually";
import { ADDRESSES, CLAIMS, CLUSTERS, POOLS, type Claim, type Cluster, type Stored } from "./shapes";
import {
  annotationOf,
  claimName,
  conditionOf,
  HOLD_ANNOTATION,
  IN_USE,
  isHeld,
  vipOf,
  type Site,
} from "./site";

/** Where a story happens. */
export interface Stage {
  readonly site: Site;
  readonly gate: Gate;
  /** How its user creates a Cluster. */
  readonly create: (wish: Wish) => Promise<Cluster>;
}

export type Wish = Parameters<Site["createCluster"]>[0];

export interface Story {
  /** A subject: "a Cluster that ...". */
  readonly title: string;
  /** One of SAMPLE; its writes count with those of the story that it begins with. */
  readonly isSample?: true;
  readonly prepare: (stage: Stage) => Promise<unknown>;
  /** The story that this one goes on with. */
  readonly begins?: Story;
  readonly happen: (stage: Stage) => Promise<unknown>;
}

/** Nothing of it is this story's own yet. */
export const begin = async ({ prepare, begins }: Story, stage: Stage): Promise<void> => {
  await prepare(stage);
  await begins?.happen(stage);
};

/** What fails again and again is tried again once a minute, and a story may have to wait twice for that. */
const PATIENCE_MS = 180_000;
const NAME = "a";
const labPool = (site: Site) => ({ name: "vips", addresses: [site.span(10, 19)] });
const oneAddress = (site: Site) => ({ name: "vips", addresses: [site.address(10)] });
const ROLE = { "vip.capi.gorizond.io/role": "control-plane" };
const CLUSTER_NAME = "cluster.x-k8s.io/cluster-name";

const within = (what: string) => ({ withinMs: PATIENCE_MS, what });

const classAndPool = ({ site }: Stage): Promise<unknown> =>
  Promise.all([site.hasClass(), site.hasPool(labPool(site))]);

/** The Cluster has its VIP, is not held, is rendered, and its claim is its own. */
async function well({ site }: Stage): Promise<void> {
  await site.completed(NAME, PATIENCE_MS);
  await site.rendered(NAME, PATIENCE_MS);
  await eventually(
    async () => {
      const [claim, address] = await Promise.all([site.claimOf(NAME), site.addressOf(NAME)]);
      return isLabelled(claim) && address?.metadata.finalizers?.includes(IN_USE);
    },
    within(`the claim of ${site.namespace}/${NAME} to be its own`),
  );
}

const isLabelled = (claim: Claim | undefined): boolean =>
  claim?.metadata.labels?.[CLUSTER_NAME] !== undefined;

const createdWell = async (stage: Stage): Promise<void> => {
  await stage.create({ name: NAME });
  await well(stage);
};

const deleted = (site: Site, propagationPolicy: string): Promise<void> =>
  site.deleteCluster(NAME, { propagationPolicy });

async function nothingLeft(site: Site): Promise<void> {
  await site.gone(CLUSTERS, NAME, PATIENCE_MS);
  await Promise.all([
    site.gone(CLAIMS, claimName(NAME), PATIENCE_MS),
    site.gone(ADDRESSES, claimName(NAME), PATIENCE_MS),
  ]);
}

/** Somebody else takes the one address of the pool. */
async function occupied(site: Site): Promise<void> {
  const { api, namespace } = site;
  const pool = poolManifest({ ...oneAddress(site), namespace });
  const occupant = claimManifest({ name: "occupant", namespace, pool });
  await api.create(CLAIMS, occupant).catch((error: unknown) => {
    if (!(error instanceof Refused && error.reason === "AlreadyExists")) throw error;
  });
  await eventually(async () => {
    const { status } = await api.get<ReadPool>(POOLS, namespace, "vips");
    return status?.ipAddresses?.free === 0;
  }, within("the pool to be full"));
}

interface ReadPool extends Stored {
  readonly status?: { readonly ipAddresses?: { readonly free: number; readonly used: number } };
}

/** The pool's last address goes to somebody else while the watcher's claim is on its way. */
const occupiedOnTheWay = ({ site, gate }: Stage): void => {
  gate.before(
    ({ namespace, verb, resource, process }) =>
      namespace === site.namespace &&
      verb === "create" &&
      resource === "ipaddressclaims" &&
      process.startsWith("watcher"),
    () => occupied(site),
  );
};

/** A claim of our name and shape that somebody made by hand. */
const handMadeClaim = (site: Site): Promise<unknown> => {
  const { api, namespace } = site;
  const made = claimManifest({
    name: claimName(NAME),
    namespace,
    pool: poolManifest({ ...labPool(site), namespace }),
  });
  return api.create(CLAIMS, { ...made, metadata: { ...made.metadata, labels: ROLE } });
};

async function held(stage: Stage, reason: string, more: Partial<Wish> = {}): Promise<void> {
  const object = await stage.create({ name: NAME, ...more });
  // A create that was answered by half a module is held for that; the watcher finds the true reason. While the
  // class is missing it can only say so in the status.
  if (!isHeld(object) || vipOf(object) !== undefined) throw new Error(`${NAME} is not held`);
  await eventually(
    async () => conditionOf(await stage.site.clusterOf(NAME))?.reason === reason,
    within(`${NAME} to be held for ${reason}`),
  );
}

const COMMON: Story = {
  title: "A Cluster that gets its VIP at once",
  prepare: classAndPool,
  happen: createdWell,
};

const INGRESS = `vip-ingress-${NAME}`;
const INGRESS_ENABLED = "vip.capi.gorizond.io/ingress-enabled";
const ingressPool = (site: Site) => ({
  name: "ingress",
  role: "ingress" as const,
  addresses: [site.span(110, 119)],
});

const WITH_INGRESS: Story = {
  title: "A Cluster that gets a VIP for ingress too",
  prepare: ({ site }) =>
    Promise.all([
      site.hasClass({ ingressVip: "empty-default" }),
      site.hasPool(labPool(site)),
      site.hasPool(ingressPool(site)),
    ]),
  happen: async (stage) => {
    await createdWell(stage);
    await eventually(
      async () => isLabelled(await stage.site.api.find<Claim>(CLAIMS, stage.site.namespace, INGRESS)),
      within("the claim for ingress to be its own"),
    );
  },
};

/** Long ago enough that no create can still be on its way. */
const LONG_AGO = "2026-01-01T00:00:00Z";

/** What a create leaves that died between the two writes of its reservation. */
const pinnedForNobody = (site: Site): Promise<unknown> =>
  site.api.create(ADDRESSES, {
    apiVersion: "ipam.cluster.x-k8s.io/v1beta2",
    kind: "IPAddress",
    metadata: {
      name: claimName(NAME),
      namespace: site.namespace,
      labels: ROLE,
      annotations: { "vip.capi.gorizond.io/reserved-at": LONG_AGO },
    },
    spec: {
      address: site.address(15),
      prefix: 16,
      claimRef: { name: claimName(NAME) },
      poolRef: { apiGroup: "ipam.cluster.x-k8s.io", kind: "InClusterIPPool", name: "vips" },
    },
  });

export const STORIES: readonly Story[] = [
  COMMON,
  WITH_INGRESS,
  {
    title: "A Cluster whose ingress is switched off",
    isSample: true,
    prepare: WITH_INGRESS.prepare,
    begins: WITH_INGRESS,
    happen: async ({ site }) => {
      await site.annotate(NAME, { [INGRESS_ENABLED]: "false" });
      await Promise.all([
        site.gone(CLAIMS, INGRESS, PATIENCE_MS),
        site.gone(ADDRESSES, INGRESS, PATIENCE_MS),
      ]);
    },
  },
  {
    title: "A Cluster whose user gives its address",
    isSample: true,
    prepare: classAndPool,
    happen: async (stage) => {
      const host = stage.site.address(15);
      await stage.create({ name: NAME, spec: { controlPlaneEndpoint: { host } } });
      await well(stage);
    },
  },
  {
    title: "A Cluster whose name an address was pinned for that nobody claimed",
    isSample: true,
    prepare: ({ site }) => site.hasPool(labPool(site)),
    happen: async (stage) => {
      const { site } = stage;
      await held(stage, "ClassNotFound");
      await pinnedForNobody(site);
      await site.gone(ADDRESSES, claimName(NAME), PATIENCE_MS);
      await site.hasClass();
      await well(stage);
    },
  },
  {
    title: "A Cluster whose pool is full until somebody enlarges it",
    prepare: async ({ site }) => {
      await Promise.all([site.hasClass(), site.hasPool(oneAddress(site))]);
      await occupied(site);
    },
    happen: async (stage) => {
      await held(stage, "PoolExhausted");
      await stage.site.hasPool(labPool(stage.site));
      await well(stage);
    },
  },
  {
    title: "A Cluster whose class comes late",
    prepare: ({ site }) => site.hasPool(labPool(site)),
    happen: async (stage) => {
      await held(stage, "ClassNotFound");
      await stage.site.hasClass();
      await well(stage);
    },
  },
  {
    title: "A Cluster whose pool is emptied under its hands while another has addresses",
    isSample: true,
    prepare: async (stage) => {
      const priority = { annotations: { "vip.capi.gorizond.io/priority": "1" } };
      await Promise.all([
        stage.site.hasPool({ ...oneAddress(stage.site), ...priority }),
        stage.site.hasPool({ name: "more", addresses: [stage.site.span(110, 119)] }),
      ]);
      occupiedOnTheWay(stage);
    },
    happen: async (stage) => {
      await held(stage, "ClassNotFound");
      await stage.site.hasClass();
      await well(stage);
    },
  },
  {
    title: "A Cluster that is changed to a class without the variable",
    isSample: true,
    prepare: ({ site }) =>
      Promise.all([
        site.hasClass(),
        site.hasPool(labPool(site)),
        site.hasClass({ name: "next", clusterVip: "absent" }),
      ]),
    begins: COMMON,
    happen: async (stage) => {
      const { site } = stage;
      await site.api.patch(CLUSTERS, site.at(NAME), [
        { op: "replace", path: "/spec/topology/classRef/name", value: "next" },
        { op: "replace", path: "/spec/topology/variables", value: [{ name: "region", value: "north" }] },
      ]);
      await eventually(
        async () => annotationOf(await site.clusterOf(NAME), HOLD_ANNOTATION) === undefined,
        within("the hold to end"),
      );
      await site.rendered(NAME, PATIENCE_MS);
    },
  },
  ...(["Background", "Foreground"] as const).map(
    (propagation): Story => ({
      title: `A Cluster that is deleted in the ${propagation.toLowerCase()}`,
      ...(propagation === "Foreground" && { isSample: true }),
      prepare: classAndPool,
      begins: COMMON,
      happen: async (stage) => {
        await deleted(stage.site, propagation);
        await nothingLeft(stage.site);
      },
    }),
  ),
  {
    title: "A Cluster that is deleted while it is held",
    prepare: async (stage) => {
      await stage.site.hasPool(oneAddress(stage.site));
      occupiedOnTheWay(stage);
    },
    happen: async (stage) => {
      await held(stage, "ClassNotFound");
      await stage.site.hasClass();
      await eventually(
        async () => annotationOf(await stage.site.clusterOf(NAME), HOLD_ANNOTATION) === "PoolExhausted",
        within("the Cluster to be held for PoolExhausted"),
      );
      await deleted(stage.site, "Background");
      await nothingLeft(stage.site);
    },
  },
  {
    title: "A Cluster that is made again while its namesake's claim is still there",
    isSample: true,
    prepare: classAndPool,
    begins: COMMON,
    happen: async (stage) => {
      const { site } = stage;
      await site.lingers(claimName(NAME), CLAIMS);
      await deleted(site, "Background");
      await site.gone(CLUSTERS, NAME, PATIENCE_MS);
      await site.gone(ADDRESSES, claimName(NAME), PATIENCE_MS);
      await held(stage, "PreviousAddressReleasing");
      await eventually(async () => !isLabelled(await site.claimOf(NAME)), within("the claim to be nobody's"));
      await site.letGo(claimName(NAME), CLAIMS);
      await well(stage);
    },
  },
  {
    title: "A Cluster that takes over what its namesake left",
    isSample: true,
    prepare: classAndPool,
    begins: COMMON,
    happen: async (stage) => {
      await deleted(stage.site, "Orphan");
      await stage.site.gone(CLUSTERS, NAME, PATIENCE_MS);
      await createdWell(stage);
    },
  },
  {
    title: "A held Cluster whose claim is deleted by hand",
    isSample: true,
    prepare: ({ site }) => site.hasPool(labPool(site)),
    happen: async (stage) => {
      const { site } = stage;
      await held(stage, "Paused", { spec: { paused: true } });
      await handMadeClaim(site);
      await eventually(async () => {
        const [claim, address] = await Promise.all([site.claimOf(NAME), site.addressOf(NAME)]);
        return (
          claim?.metadata.ownerReferences?.length === 1 && address?.metadata.finalizers?.includes(IN_USE)
        );
      }, within("claim and address to be its own"));
      await site.api.delete(CLAIMS, site.at(claimName(NAME)));
      await site.gone(CLAIMS, claimName(NAME), PATIENCE_MS);
      await site.hasClass();
      await site.api.merge(CLUSTERS, site.at(NAME), { spec: { paused: false } });
      await well(stage);
    },
  },
];

/** Those that have every write between them; crash-points.test.ts makes sure of it. */
export const SAMPLE: readonly Story[] = STORIES.filter(({ isSample }) => isSample);
