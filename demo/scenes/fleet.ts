import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { FLEET, isOfLabPool } from "../cast";
import { createTook, holdOf, hostOf } from "../stage";
import type { ClusterView, Scene, Stage } from "../stage";

export const fleet: Scene = async (stage) => {
  const { page, terminal, check } = stage;
  page.say("Ten more, all at the same time:");
  await terminal.run(
    `for i in ${FLEET.map((_, index) => index).join(" ")}; do
  kubectl create -f edge-$i.yaml -o yaml > edge-$i.stored.yaml &
done; wait`,
    { while: "ten creates under way" },
  );
  const stored = FLEET.map((name) => {
    const text = readFileSync(join(terminal.folder, `${name}.stored.yaml`), "utf8");
    return parse(text) as ClusterView;
  });
  const rows = stored.map(async (cluster) => [
    cluster.metadata.name,
    hostOf(cluster) ?? "-",
    await createTook(stage, cluster.metadata.name),
    holdOf(cluster) ?? "complete",
  ]);
  page.table([["CLUSTER", "VIP", "ANSWERED AFTER", "FIRST REVISION"], ...(await Promise.all(rows))]);

  const whole = stored.filter((cluster) => isOfLabPool.test(hostOf(cluster)));
  const held = stored.filter((cluster) => hostOf(cluster) === undefined && holdOf(cluster) !== undefined);
  check("each first revision has its VIP, or is held", whole.length + held.length, FLEET.length);
  if (held.length > 0) await untilComplete(stage, held.length);
  const list = await terminal.look<{ items: ClusterView[] }>("get clusters");
  const hosts = list.items.map(hostOf);
  check(`${hosts.length} Clusters have ${hosts.length} different VIPs`, new Set(hosts).size, hosts.length);
};

/** The IPAM provider serves one claim at a time; on a busy machine the last may come too late. */
async function untilComplete({ page, terminal }: Stage, held: number): Promise<void> {
  page.say(`This machine is busy: ${held} had to be stored before the address came. They are completed now.`);
  await terminal.run(
    `kubectl wait cluster --all --timeout=60s \\
--for=jsonpath='{.spec.controlPlaneEndpoint.host}'`,
    { while: "waiting for the last", only: /^$/ },
  );
}
