import { parse } from "yaml";
import { BY_HAND, DUPLICATE, HAND_ADDRESS } from "../cast";
import { ADDRESSES, hostOf, telling, variableOf } from "../stage";
import type { ClusterView, Scene } from "../stage";

export const byHand: Scene = async ({ page, terminal, check }) => {
  page.say(
    "A user gives the endpoint himself. It lies in a pool, which must not give it to anybody else now.",
  );
  const { stdout } = await terminal.run(`kubectl create -f ${BY_HAND}.yaml -o yaml`, { only: telling });
  const first = parse(stdout) as ClusterView;
  page.line();
  check("the endpoint is kept", hostOf(first), HAND_ADDRESS, HAND_ADDRESS);
  check("the variable follows it", variableOf(first), HAND_ADDRESS);
  await terminal.run(`kubectl get ${ADDRESSES} vip-cp-${BY_HAND}`);
  const address = await terminal.look<{ spec: { address: string } }>(`get ${ADDRESSES} vip-cp-${BY_HAND}`);
  check("and it is reserved in its pool", address.spec.address, HAND_ADDRESS);

  page.say("Another user gives the same one:");
  const refused = await terminal.run(`kubectl create -f ${DUPLICATE}.yaml || true`);
  check("the API server refuses it, and says who has it", refused.stderr, {
    words: `a refusal that names the Cluster default/${BY_HAND}`,
    test: (seen) =>
      String(seen).includes(`Cluster default/${BY_HAND}`) && String(seen).includes("AddressTaken"),
  });
};
