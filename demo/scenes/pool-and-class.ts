import type { Scene } from "../stage";

export const poolAndClass: Scene = async ({ page, terminal, check }) => {
  page.say("Two pools of addresses. Their labels say for which ClusterClass, and for what in it.");
  await terminal.run("cat pools.yaml");
  await terminal.run("kubectl create -f pools.yaml");
  page.say(
    `The two ClusterClasses define a variable "clusterVip", empty by default. Class "in-memory" has machines that really start (Cluster API's own simulation); class "lab" has an infrastructure without a controller, which shows just what was rendered.`,
  );
  await terminal.run("kubectl create -f classes.yaml", { only: /clusterclass/ });
  await terminal.run("kubectl wait clusterclass --all --for=condition=VariablesReady");
  const pools = await terminal.look<{ items: { status?: { ipAddresses?: { free?: number } } }[] }>(
    "get globalinclusterippools",
  );
  const free = pools.items.map(({ status }) => status?.ipAddresses?.free).join(" and ");
  check("the pools have 1 and 31 free addresses", free, "1 and 31");
};
