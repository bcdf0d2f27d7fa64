import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { auditPolicy } from "./audit-policy";
import { createTokenKeys } from "./certificate";
import type { Certificate } from "./certificate";
import type { ChildSpec } from "./child";
import { writeKubeconfig } from "./kubeconfig";
import { systemUsers } from "./system-users";
import type { SystemUser } from "./system-users";
import type { Toolchain } from "./toolchain";

/** What every process of a sandbox is started from. */
export interface Ground {
  readonly dir: string;
  readonly tools: Toolchain;
  readonly certificate: Certificate;
  readonly ports: readonly number[];
  readonly server: string;
  readonly token: string;
}

export function tokenOf(ground: Pick<Ground, "token">, user: SystemUser): string {
  return user === "admin" ? ground.token : `${user}-${ground.token}`;
}

/** A kubeconfig for one of the system users. */
export function kubeconfigOf(ground: Ground, user: SystemUser): string {
  return writeKubeconfig(join(ground.dir, `${user}.kubeconfig`), {
    server: ground.server,
    certificate: ground.certificate.cert,
    token: tokenOf(ground, user),
  });
}

/** The port with this index in the sandbox's block. */
export function portAt(ground: Pick<Ground, "ports">, index: number): number {
  const port = ground.ports[index];
  if (port === undefined) throw new RangeError(`the sandbox has no port ${index}`);
  return port;
}

export function etcdSpec(ground: Ground): ChildSpec {
  const client = `http://127.0.0.1:${portAt(ground, 1)}`;
  const peer = `http://127.0.0.1:${portAt(ground, 2)}`;
  return {
    name: "etcd",
    command: ground.tools.binaries.etcd,
    args: [
      `--data-dir=${join(ground.dir, "etcd")}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      // The data does not outlive the sandbox.
      "--unsafe-no-fsync",
      "--backend-batch-interval=1s",
      "--log-level=warn",
    ],
    cwd: ground.dir,
    env: {},
    readyUrl: `${client}/health`,
    readyTimeoutMs: 20_000,
  };
}

export function apiServerSpec(ground: Ground): ChildSpec {
  const keys = createTokenKeys(ground.certificate.folder);
  const tokens = join(ground.dir, "certificates", "tokens.csv");
  writeFileSync(
    tokens,
    systemUsers.map((user) => `${tokenOf(ground, user)},${user},${user},"system:masters"\n`).join(""),
    { mode: 0o600 },
  );
  const policy = join(ground.dir, "audit-policy.json");
  writeFileSync(policy, JSON.stringify(auditPolicy));
  return {
    name: "apiserver",
    command: ground.tools.binaries["kube-apiserver"],
    args: [
      `--etcd-servers=http://127.0.0.1:${portAt(ground, 1)}`,
      `--cert-dir=${ground.certificate.folder}`,
      `--tls-cert-file=${ground.certificate.cert}`,
      `--tls-private-key-file=${ground.certificate.key}`,
      `--secure-port=${portAt(ground, 0)}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      "--service-cluster-ip-range=10.0.0.0/24",
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${keys.pub}`,
      `--service-account-signing-key-file=${keys.key}`,
      "--authorization-mode=RBAC",
      `--token-auth-file=${tokens}`,
      "--allow-privileged=true",
      "--disable-admission-plugins=ServiceAccount",
      "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${join(ground.dir, "audit.log")}`,
      "--audit-log-maxsize=4000",
    ],
    cwd: ground.dir,
    env: {},
    readyUrl: `${ground.server}/readyz`,
    readyTimeoutMs: 60_000,
  };
}

/** Only what CAPI relies on: owner references are followed and namespaces really go. */
export function controllerManagerSpec(ground: Ground): ChildSpec {
  const port = portAt(ground, 3);
  return {
    name: "controller-manager",
    command: ground.tools.binaries["kube-controller-manager"],
    args: [
      `--kubeconfig=${kubeconfigOf(ground, "controller-manager")}`,
      "--leader-elect=false",
      "--controllers=garbage-collector-controller,namespace-controller",
      // Tests delete dozens of Clusters at once, each with a dozen dependents.
      "--kube-api-qps=200",
      "--kube-api-burst=400",
      "--bind-address=127.0.0.1",
      `--secure-port=${port}`,
      `--tls-cert-file=${ground.certificate.cert}`,
      `--tls-private-key-file=${ground.certificate.key}`,
    ],
    cwd: ground.dir,
    env: {},
    readyUrl: `https://127.0.0.1:${port}/healthz`,
    readyTimeoutMs: 60_000,
  };
}
