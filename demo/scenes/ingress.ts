import { parse } from "yaml";
import { WEB } from "../cast";
import { checkControlPlane, hostOf, telling, variableOf } from "../stage";
import type { ClusterView, Scene } from "../stage";

const INGRESS = "vip.capi.gorizond.io/ingress-vip";

export const ingress: Scene = async (stage) => {
  const { page, terminal, check } = stage;
  page.say(
    `One pool for two classes and for both roles. A label holds no list, so it says "true", and the annotation of the same name says who.`,
  );
  await terminal.run("cat shared-pool.yaml");
  await terminal.run("kubectl create -f shared-pool.yaml -f web-class.yaml", { only: /pool|clusterclass/ });
  await terminal.run("kubectl wait clusterclass/web --for=condition=VariablesReady");
  page.say(`The class "web" defines ingressVip besides clusterVip:`);
  const { stdout } = await terminal.run(`kubectl create -f ${WEB}.yaml -o yaml`, { only: telling });
  const first = parse(stdout) as ClusterView;
  const vip = hostOf(first) ?? "";
  const second = first.metadata.annotations?.[INGRESS];
  page.line();
  check("the first revision has the VIP of its control plane", variableOf(first), vip, vip);
  check("and another one for ingress, in the annotation", second, isAnotherOf(vip), second);
  check("in the label", first.metadata.labels?.[INGRESS], second ?? "");
  check("and in the variable ingressVip", variableOf(first, "ingressVip"), second ?? "");
  await terminal.run(`kubectl wait cluster/${WEB} --for=condition=TopologyReconciled`);
  await checkControlPlane(stage, WEB, vip);
  await switchedOff(stage);
};

const isAnotherOf = (vip: string) => ({
  words: `an address of the pool vips-shared, and not ${vip}`,
  test: (seen: unknown): boolean => /^10\.20\.2\.\d+$/.test(String(seen)) && seen !== vip,
});

const switchedOff: Scene = async ({ page, terminal, check }) => {
  page.say("Ingress can be switched off at any time, and then gives its address back:");
  await terminal.run(`kubectl annotate cluster ${WEB} vip.capi.gorizond.io/ingress-enabled=false`);
  await terminal.run(`kubectl wait ipaddressclaim/vip-ingress-${WEB} --for=delete --timeout=60s`);
  const cluster = await terminal.look<ClusterView>(`get cluster ${WEB}`);
  check("annotation and label are gone", cluster.metadata.annotations?.[INGRESS] ?? "gone", "gone");
  check("the control plane's VIP is what it was", hostOf(cluster), variableOf(cluster) as string);
};
