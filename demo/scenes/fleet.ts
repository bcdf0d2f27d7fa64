import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { FLEET, isOfLabPool } from "../cast";
import { createTook, holdOf, hostOf } from "../stage";
import type { ClusterView, Scene } from "../stage";

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

  const complete = stored.filter((cluster) => isOfLabPool.test(hostOf(cluster)));
  check("all ten first revisions are complete", complete.length, FLEET.length);
  const list = await terminal.look<{ items: ClusterView[] }>("get clusters");
  const hosts = list.items.map(hostOf);
  check(`${hosts.length} Clusters have ${hosts.length} different VIPs`, new Set(hosts).size, hosts.length);
};
