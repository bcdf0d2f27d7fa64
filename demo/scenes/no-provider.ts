import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { HELD, isOfLabPool } from "../cast";
import { seconds } from "../page";
import { writesOn } from "../server-log";
import {
  HOLD,
  checkControlPlane,
  checkInfrastructure,
  conditionOf,
  holdOf,
  hostOf,
  rendered,
  telling,
} from "../stage";
import type { ClusterView, Scene, Stage } from "../stage";

const CONDITION = "ControlPlaneVIPReady";
const HELD_METRIC = 'capi_vip_allocator_held_clusters{reason="WaitingForAddress"} 1';
const TRY_MS = 250;
const MOST_TRIES = 40;

interface EventView {
  readonly action: string;
  readonly reason: string;
  readonly regarding: { readonly kind: string; readonly name: string };
}

export const noProvider: Scene = async (stage) => {
  const { page, sandbox, terminal } = stage;
  page.say("The sandbox stops its IPAM provider. Nobody serves a claim now.");
  await sandbox.process("ipam").stop();
  await held(stage);
  await told(stage);
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

/** Why it waits is said where users look: in a condition, in an Event, and to whoever counts. */
async function told(stage: Stage): Promise<void> {
  const { page, sandbox, terminal, check } = stage;
  page.say("Who missed the warning finds the reason on the Cluster, in its Events and in the metrics.");
  await terminal.run(
    `kubectl wait cluster/${HELD} --timeout=30s \\
--for=condition=${CONDITION}=False`,
    { while: "waiting for the watcher to say so" },
  );
  const condition = conditionOf(await terminal.look<ClusterView>(`get cluster ${HELD}`), CONDITION);
  check(`the condition ${CONDITION} says why`, condition?.reason, "WaitingForAddress", condition?.message);

  const event = await page.during("waiting for the Event", eventOn(stage, HELD));
  await terminal.run(`kubectl get events.events.k8s.io \\
--field-selector reason=WaitingForAddress \\
-o custom-columns=TYPE:.type,ACTION:.action,ON:.regarding.name,REASON:.reason`);
  page.line();
  check("an Event on it says what was done", event?.action, "Hold");

  const { origin } = new URL(sandbox.process("watcher").spec.readyUrl);
  // The watcher asks for no token, and gets none of ours; kubectl would ask for a user without any.
  const { stdout } =
    await terminal.run(`kubectl --kubeconfig=/dev/null --token=none --insecure-skip-tls-verify \\
--server=${origin} get --raw /metrics | grep held_clusters{`);
  check("the watcher's metrics count it", stdout.trim(), HELD_METRIC);
}

/** It is written behind the condition, a moment later. */
async function eventOn({ terminal, signal }: Stage, name: string): Promise<EventView | undefined> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const list = await terminal.look<{ items: EventView[] }>("get events.events.k8s.io");
    const found = list.items.find(({ regarding }) => regarding.kind === "Cluster" && regarding.name === name);
    if (found) return found;
    await sleep(TRY_MS, undefined, { signal });
  }
  return undefined;
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
  await terminal.run(`kubectl wait cluster/${HELD} --timeout=30s --for=condition=${CONDITION}`);
  await terminal.run(`kubectl wait cluster/${HELD} --for=condition=TopologyReconciled`);
  page.line();
  await checkInfrastructure(stage, HELD, vip ?? "");
  await checkControlPlane(stage, HELD, vip ?? "");
}
