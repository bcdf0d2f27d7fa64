import { parse } from "yaml";
import { RUNNING } from "../cast";
import { checkControlPlane, hostOf, telling, variableOf } from "../stage";
import type { ClusterView, Scene } from "../stage";

export const secondApply: Scene = async (stage) => {
  const { page, terminal, check } = stage;
  const vip = hostOf(await terminal.look<ClusterView>(`get cluster ${RUNNING}`)) ?? "";
  page.say(
    `The user applies the same file to the running cluster. To a client-side apply, the variables are one list, and the file's list knows no VIP: an empty VIP would now be rolled out to every machine.`,
  );
  const { stdout } = await terminal.run(`kubectl apply -f ${RUNNING}.yaml -o yaml -v=9 2> apply.log`, {
    only: telling,
  });
  page.say("What kubectl sent as the new spec:");
  const sent = await terminal.run(String.raw`grep -o '{\\"topology.*' apply.log | tr -d '\\'`);
  const answer = parse(stdout) as ClusterView;
  page.line();
  check("kubectl's request replaced the variables by a list without a VIP", sent.stdout, {
    words: "a list of variables without clusterVip",
    test: (seen) => /"variables":\[/.test(String(seen)) && !String(seen).includes("clusterVip"),
  });
  check("the answer to that same request has the variable back", variableOf(answer), vip, vip);
  check("the endpoint is what it was", hostOf(answer), vip);
  await checkControlPlane(stage, RUNNING, vip);
};
