import { RUNNING, SUCCESSOR } from "../cast";
import { seconds } from "../page";
import { writesOn } from "../server-log";
import { ADDRESSES, holdOf, hostOf, telling } from "../stage";
import type { ClusterView, Scene, Stage } from "../stage";
import { parse } from "yaml";

export const deletion: Scene = async (stage) => {
  const { page, terminal, check } = stage;
  const vip = hostOf(await terminal.look<ClusterView>(`get cluster ${RUNNING}`)) ?? "";
  page.say(
    `${RUNNING} is deleted in the foreground: its claim is deleted at once, long before its machines. Its pool has no other address, so whoever comes next needs this one.`,
  );
  await terminal.run(`kubectl delete cluster ${RUNNING} --cascade=foreground --wait=false`);
  const { stdout } = await terminal.run(`kubectl create -f ${SUCCESSOR}.yaml -o yaml`, { only: telling });
  page.line();
  check(
    `${SUCCESSOR} is held: there is no free address`,
    holdOf(parse(stdout) as ClusterView),
    "PoolExhausted",
  );
  // The claim may be gone by now; its address is to go with it, and cannot.
  await terminal.run(`kubectl wait ${ADDRESSES}/vip-cp-${RUNNING} \\
--for=jsonpath='{.metadata.deletionTimestamp}'`);
  await stillReserved(stage, vip);
  page.say(
    `CAPD's machine now waits for its DevCluster, which the foreground deletion took first. The sandbox lets it go.`,
  );
  // A limit of CAPD with this kind of deletion: without this it would wait for ever. Before the deletion of the
  // machine has begun, CAPD would put its finalizer back.
  await terminal.run(`kubectl wait devmachine -l cluster.x-k8s.io/cluster-name=${RUNNING} --timeout=60s \\
--for=jsonpath='{.metadata.deletionTimestamp}'`);
  await terminal.run(`kubectl patch $(kubectl get devmachine -o name \\
-l cluster.x-k8s.io/cluster-name=${RUNNING}) --type=merge \\
-p '{"metadata":{"finalizers":null}}'`);
  await terminal.run(`kubectl wait cluster/${RUNNING} --for=delete --timeout=90s`, {
    while: `waiting until ${RUNNING} is gone`,
  });
  await terminal.run(
    `kubectl wait cluster/${SUCCESSOR} --timeout=60s \\
--for=jsonpath='{.spec.controlPlaneEndpoint.host}'`,
    { while: `waiting for ${SUCCESSOR} to be completed` },
  );
  await handedOver(stage, vip);
};

async function stillReserved({ terminal, check }: Stage, vip: string): Promise<void> {
  await terminal.run(
    `kubectl get ${ADDRESSES} vip-cp-${RUNNING} -o custom-columns=\\
NAME:.metadata.name,ADDRESS:.spec.address,DELETED:.metadata.deletionTimestamp`,
  );
  const address = await terminal.look<{ spec: { address: string } }>(`get ${ADDRESSES} vip-cp-${RUNNING}`);
  // Looked at last: as long as the Cluster is there now, it was there when the address was.
  const cluster = await terminal.look<Partial<ClusterView>>(`get cluster ${RUNNING} --ignore-not-found`);
  check(`${RUNNING} is still on its way out`, cluster.metadata?.name, RUNNING);
  check(`its address ${vip} is still reserved`, address.spec.address, vip);
}

async function handedOver({ terminal, sandbox, check }: Stage, vip: string): Promise<void> {
  const cluster = await terminal.look<ClusterView>(`get cluster ${SUCCESSOR}`);
  check(`${SUCCESSOR} now has ${RUNNING}'s address`, hostOf(cluster), vip, vip);
  const gone = (await writesOn(sandbox.dir, "clusters", RUNNING)).at(-1)?.received ?? NaN;
  const freed = (await writesOn(sandbox.dir, "ipaddresses", `vip-cp-${RUNNING}`)).at(-1)?.answered ?? NaN;
  check(
    `the address was let go only after ${RUNNING} was gone`,
    freed - gone,
    {
      words: "a time after the last write on the Cluster",
      test: (seen) => Number(seen) > 0,
    },
    `${seconds(freed - gone)} after`,
  );
}
