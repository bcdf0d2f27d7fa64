/** How is a Cluster created as if we were not there? Our webhook's own namespaceSelector leaves a namespace out. */
import { eventually } from "../test/integration/support/eventually";
import { resourceOf, type Resource, type Stored } from "../test/integration/support/shapes";
import type { Lab } from "./lab";
import { clusterIn, type Room } from "./room";

const WEBHOOKS: Resource = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  plural: "mutatingwebhookconfigurations",
};
const OURS = "pepr-capi-vip-allocator";

interface Configuration extends Stored {
  readonly webhooks: readonly {
    readonly namespaceSelector?: { readonly matchExpressions?: readonly { readonly operator: string }[] };
  }[];
}

/** Leaves the namespace out of our webhook's selector, and waits until the API server knows. */
export async function passHookBy({ api, audit }: Lab, room: Room): Promise<void> {
  const { webhooks } = await api.get<Configuration>(WEBHOOKS, undefined, OURS);
  const patch = webhooks.map(({ namespaceSelector }, index) => {
    const at = namespaceSelector?.matchExpressions?.findIndex(({ operator }) => operator === "NotIn") ?? -1;
    if (at < 0) throw new Error(`${OURS} leaves out no namespace: this figure no longer knows how to`);
    const path = `/webhooks/${index}/namespaceSelector/matchExpressions/${at}/values/-`;
    return { op: "add" as const, path, value: room.namespace };
  });
  await api.patch(WEBHOOKS, { name: OURS }, patch);
  let probe = 0;
  await eventually(
    async () => {
      const before = audit.mark();
      const manifest = clusterIn(room, `probe${probe++}`);
      await api.create(resourceOf(manifest), manifest, { dryRun: true });
      return (await calledFor(audit, before, room)) === 0;
    },
    { withinMs: 30_000, what: "the API server to pass our hook by" },
  );
}

/** Creates of Clusters for which our hook was called. */
export async function calledFor(audit: Lab["audit"], since: number, { namespace }: Room): Promise<number> {
  const creates = await audit.since(
    since,
    (request) =>
      request.verb === "create" && request.resource === "clusters" && request.namespace === namespace,
  );
  return creates.filter(({ webhooks }) => webhooks.includes(OURS)).length;
}
