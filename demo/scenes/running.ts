import { RUNNING } from "../cast";
import type { Scene } from "../stage";

/** The Cluster of the second scene comes up meanwhile. */
export function running(coming: Promise<void>): Scene {
  return async ({ page, terminal, check }) => {
    page.say(
      `Meanwhile ${RUNNING}'s control plane is starting. Nothing answers at the VIP here, where kube-vip would, so the sandbox points Cluster API to where the simulated API server listens. The rest is as behind a VIP.`,
    );
    await page.during(`waiting for ${RUNNING} to become Available`, coming);
    await terminal.run(`kubectl get cluster ${RUNNING}`);
    const machines = await terminal.look<{ items: { status?: { phase?: string } }[] }>(
      `get machines -l cluster.x-k8s.io/cluster-name=${RUNNING}`,
    );
    check(`${RUNNING} is Available, its one machine runs`, machines.items[0]?.status?.phase, "Running");
  };
}
