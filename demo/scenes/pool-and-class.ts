import type { Scene } from "../stage";

export const poolAndClass: Scene = async ({ page, terminal, check }) => {
  page.say("A pool of addresses. Two labels say what for: control planes, of any ClusterClass.");
  await terminal.run("cat pool.yaml");
  await terminal.run("kubectl create -f pool.yaml");
  page.say(
    `And two ClusterClasses that define a variable "clusterVip", empty by default. Class "in-memory" has machines that really start (Cluster API's own simulation); class "lab" has an infrastructure without a controller, which shows just what was rendered.`,
  );
  await terminal.run("kubectl create -f classes.yaml", { only: /clusterclass/ });
  await terminal.run("kubectl wait clusterclass --all --for=condition=VariablesReady");
  const pool = await terminal.look<{ status?: { ipAddresses?: { free?: number } } }>(
    "get globalinclusterippool control-plane-vips",
  );
  check("the pool has 13 free addresses", pool.status?.ipAddresses?.free, 13);
};
