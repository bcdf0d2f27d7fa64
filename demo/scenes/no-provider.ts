import { parse } from "yaml";
import { HELD, isOfLabPool } from "../cast";
import { seconds } from "../page";
import { writesOn } from "../server-log";
import { HOLD, checkControlPlane, checkInfrastructure, holdOf, hostOf, rendered, telling } from "../stage";
import type { ClusterView, Scene, Stage } from "../stage";

export const noProvider: Scene = async (stage) => {
  const { page, sandbox, terminal } = stage;
  page.say("The sandbox stops its IPAM provider. Nobody serves a claim now.");
  await sandbox.process("ipam").stop();
  await held(stage);
  page.say("The provider is started again.");
  await sandbox.process("ipam").start();
  await terminal.run(
    `kubectl wait cluster/${HELD} --timeout=60s \\
--for=jsonpath='{.spec.controlPlaneEndpoint.host}'`,
    { while: `waiting for ${HELD} to be completed` },
  );
  await completed(stage);
};

async function held(stage: Stage): Promise<void> {
  const { page, terminal, check } = stage;
  const { stdout, stderr } = await terminal.run(`kubectl create -f ${HELD}.yaml -o yaml`, {
    only: telling,
    while: "the webhook waits for the address, 10 s at most",
  });
  const first = parse(stdout) as ClusterView;
  page.line();
  check("the Cluster is stored without an endpoint", hostOf(first) === undefined, true);
  check("it is held, and the annotation says why", holdOf(first), "WaitingForAddress", holdOf(first));
  check("kubectl's warning says the same", stderr, {
    words: "a warning with the reason WaitingForAddress",
    test: (seen) => String(seen).startsWith("Warning:") && String(seen).includes("WaitingForAddress"),
  });
  await terminal.run(`kubectl get labclusters,kubeadmcontrolplanes \\
-l cluster.x-k8s.io/cluster-name=${HELD}`);
  const objects = await Promise.all(
    ["labclusters", "kubeadmcontrolplanes"].map((resource) => rendered(stage, resource, HELD)),
  );
  check("nothing is rendered for it", objects.flat().length, 0);
}

async function completed(stage: Stage): Promise<void> {
  const { page, terminal, sandbox, check } = stage;
  const cluster = await terminal.look<ClusterView>(`get cluster ${HELD}`);
  const vip = hostOf(cluster);
  check("the Cluster was completed by itself", vip, isOfLabPool, vip);
  check(`the annotation ${HOLD} is gone`, holdOf(cluster) === undefined, true);
  const [address] = await writesOn(sandbox.dir, "ipaddresses", `vip-cp-${HELD}`);
  const writes = await writesOn(sandbox.dir, "clusters", HELD);
  const ours = writes.find(({ verb, user }) => verb === "patch" && user.includes(":pepr-system:"));
  const lag = (ours?.answered ?? NaN) - (address?.answered ?? NaN);
  check(
    "that took less than 5 s from when its address appeared",
    lag,
    {
      words: "less than 5000 ms",
      test: (seen) => Number(seen) < 5000,
    },
    seconds(lag),
  );
  await terminal.run(`kubectl wait cluster/${HELD} --for=condition=TopologyReconciled`);
  page.line();
  await checkInfrastructure(stage, HELD, vip ?? "");
  await checkControlPlane(stage, HELD, vip ?? "");
}
