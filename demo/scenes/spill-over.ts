import { parse } from "yaml";
import { SPILLED, SPILL_ADDRESSES } from "../cast";
import { hostOf, telling } from "../stage";
import type { ClusterView, Scene, Stage } from "../stage";

export const spillOver: Scene = async (stage) => {
  const { page, terminal, check } = stage;
  page.say("Two pools for one class. The one with the higher priority has a single address.");
  await terminal.run("kubectl create -f two-pools.yaml -f alpine-class.yaml", { only: /pool|clusterclass/ });
  await terminal.run("kubectl wait clusterclass/alpine --for=condition=VariablesReady");
  await terminal.run(
    "kubectl wait globalinclusterippool/vips-first --for=jsonpath='{.status.ipAddresses.free}'=1",
  );
  const [first, second] = SPILLED;
  const [scarce, plenty] = SPILL_ADDRESSES;
  check("the first Cluster has it", await create(stage, first), scarce, scarce);
  await terminal.run(
    "kubectl wait globalinclusterippool/vips-first --for=jsonpath='{.status.ipAddresses.free}'=0",
  );
  check("the second has one of the other pool", await create(stage, second), plenty, plenty);
};

async function create({ terminal }: Stage, name: string): Promise<string | undefined> {
  const { stdout } = await terminal.run(`kubectl create -f ${name}.yaml -o yaml`, { only: telling });
  return hostOf(parse(stdout) as ClusterView);
}
