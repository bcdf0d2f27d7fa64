import { parse } from "yaml";
import { makeAvailable } from "../../sandbox/available";
import { ONLY_ADDRESS, RENDERED, RUNNING, isOfLabPool } from "../cast";
import {
  checkControlPlane,
  checkInfrastructure,
  createTook,
  hostOf,
  holdOf,
  telling,
  variableOf,
} from "../stage";
import type { ClusterView, Scene, Stage } from "../stage";

/** Creates both Clusters; what is answered is how the second came to run. */
export const birth: Scene = async (stage) => {
  const { page, terminal } = stage;
  page.say("A Cluster as its user writes it, without an endpoint and without the variable:");
  await terminal.run(`cat ${RUNNING}.yaml`);
  page.say("What kubectl prints is the first revision that is stored.");
  const vip = await create(stage, RUNNING);
  await terminal.run(`kubectl wait cluster/${RUNNING} --for=condition=TopologyReconciled`);
  await checkControlPlane(stage, RUNNING, vip);

  page.say("Another one, of class lab, to see what its infrastructure is told:");
  await terminal.run(`kubectl create -f ${RENDERED}.yaml`);
  await terminal.run(`kubectl wait cluster/${RENDERED} --for=condition=TopologyReconciled`);
  await terminal.run(
    `kubectl get labcluster,kubeadmcontrolplane -o custom-columns=\\
KIND:.kind,GENERATION:.metadata.generation,ENDPOINT:.spec.controlPlaneEndpoint.host \\
-l cluster.x-k8s.io/cluster-name=${RENDERED}`,
  );
  const rendered = hostOf(await terminal.look<ClusterView>(`get cluster ${RENDERED}`)) ?? "";
  stage.check("it has a VIP of its own class's pool", rendered, isOfLabPool, rendered);
  await checkInfrastructure(stage, RENDERED, rendered);
  await checkControlPlane(stage, RENDERED, rendered);
};

async function create(stage: Stage, name: string): Promise<string> {
  const { page, terminal, check } = stage;
  const { stdout, ms } = await terminal.run(`kubectl create -f ${name}.yaml -o yaml`, { only: telling });
  const first = parse(stdout) as ClusterView;
  const vip = hostOf(first);
  page.line();
  check("the first revision carries the VIP as its endpoint", vip, ONLY_ADDRESS, vip);
  check("the first revision carries it in the variable clusterVip", variableOf(first), ONLY_ADDRESS);
  check("the first revision is not held", holdOf(first) === undefined, true);
  check("it is the first: generation 1", first.metadata.generation, 1);
  const took = await createTook(stage, name);
  page.line(`    The API server answered after ${took}, kubectl was back after ${Math.round(ms)} ms.`, "dim");
  return vip ?? "";
}

/** Lets the Cluster come up while other scenes play. */
export function comingUp(stage: Stage): Promise<void> {
  const coming = makeAvailable(stage.sandbox, "default", RUNNING);
  // Looked at when its scene comes; until then a failure must not end the process.
  coming.catch(() => undefined);
  return coming;
}
