/** The contract of our adapters with the API server, on a real one where nobody else is at work. */
import { KubeClient } from "../../lib/adapters/kube-client";
import type { KubeObject } from "../../lib/core/facts";
import { contract } from "../contract/contract";
import { CLASSES, claim, cluster, clusterClass, CLAIMS, CLUSTERS, pool, POOLS } from "../contract/objects";
import type { Site, World } from "../contract/site";
import { eventually, managementCluster, resourceOf, type ApiServer, type Named } from "./support";

const lab = managementCluster({ install: false });

/** Everything that writes by itself, or has a word in what others write. */
const CONTROLLERS = ["ipam", "capi-core", "controller-manager"];

beforeAll(async () => {
  process.env["KUBECONFIG"] = lab.sandbox.kubeconfig;
  await lab.kubectl(["delete", "mutatingwebhookconfigurations,validatingwebhookconfigurations", "--all"]);
  await Promise.all(CONTROLLERS.map((name) => lab.sandbox.process(name).stop()));
  await eventually(nobodyIsAsked, { withinMs: 30_000, what: "the API server to ask no webhook any more" });
}, 120_000);

/** A webhook that is still known is called, in vain, which fails the request. */
async function nobodyIsAsked(): Promise<true> {
  const wished = [
    [CLAIMS, claim("default")],
    [CLUSTERS, cluster("default")],
    [CLASSES, clusterClass("default")],
    [POOLS, pool("default")],
  ] as const;
  await Promise.all(wished.map(([of, object]) => lab.api.create(of, sent(object), { dryRun: true })));
  return true;
}

const at = ({ metadata: { namespace, name = "" } }: KubeObject): Named => ({ namespace, name });

type Sent = Parameters<ApiServer["replace"]>[1];
const sent = (object: KubeObject): Sent => object as unknown as Sent;

let namespaces = 0;

const worldOf = (api: ApiServer): World => ({
  newNamespace: async () => {
    const name = `team-${(namespaces += 1)}`;
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    await api.create(resourceOf(namespace), namespace);
    return name;
  },
  create: async (of, object) => (await api.create<KubeObject>(of, sent(object))).object,
  change: async (of, object, change) => {
    const { namespace, name } = at(object);
    const after = change(await api.get<KubeObject>(of, namespace, name));
    return (await api.replace<KubeObject>(of, sent(after))).object;
  },
  writeStatus: async (of, object) => (await api.mergeStatus<KubeObject>(of, at(object), object)).object,
  delete: (of, object, propagationPolicy) =>
    api.delete(of, at(object), propagationPolicy && { propagationPolicy }),
});

contract(
  "a real API server",
  async (): Promise<Site> => ({ client: new KubeClient(), world: worldOf(lab.api) }),
);
