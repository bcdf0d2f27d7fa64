/**
 * Stand-ins, not the real thing: definitions for kinds of providers that the sandbox does not run. They are
 * written from the providers' documented fields: Cluster API Provider RKE2 (v1beta1), Cluster API Provider k3s
 * (v1beta2) and Cluster API Provider for Proxmox VE (v1alpha1). Only the fields that a ClusterClass with a VIP
 * touches are here, any other is refused, and nobody acts on the objects.
 *
 * Two rules are as strict as a provider is later: an endpoint is an IP address or a name (Proxmox VE: its
 * webhook), and no entry of a certificate's names is empty (RKE2 and k3s: their servers, on the machine).
 */
import type { KubeObject } from "../../../sandbox/fixtures";

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: "string" };
const texts: Schema = { type: "array", items: text };
const open: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const fields = (properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema => ({
  type: "object",
  properties,
  ...(required.length > 0 && { required }),
});

const FQDN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const isHost = (host: string): string => `isIP(${host}) || ${host}.matches('${FQDN}')`;

const names: Schema = {
  type: "array",
  maxItems: 100,
  items: {
    type: "string",
    maxLength: 253,
    "x-kubernetes-validations": [
      { rule: isHost("self"), messageExpression: `'"' + self + '" is not a valid IP or FQDN'` },
    ],
  },
};

const files: Schema = {
  type: "array",
  items: fields({ path: text, owner: text, permissions: text, content: text }, ["path"]),
};

/** What Cluster API itself writes on a control plane. */
const contract = {
  replicas: { type: "integer" },
  version: text,
  machineTemplate: fields({ metadata: open, infrastructureRef: open }),
};

const rke2 = {
  serverConfig: fields({ tlsSan: names, cni: text, disableComponents: open }),
  files,
  agentConfig: open,
  registrationMethod: {
    type: "string",
    enum: ["internal-first", "internal-only-ips", "external-only-ips", "address", "control-plane-endpoint"],
  },
  registrationAddress: text,
  rolloutStrategy: open,
  preRKE2Commands: texts,
};

const k3s = {
  kthreesConfigSpec: fields({
    serverConfig: fields({ tlsSan: names, disableComponents: texts }),
    files,
    agentConfig: open,
    preK3sCommands: texts,
  }),
};

const endpoint = fields({ host: { type: "string", maxLength: 253 }, port: { type: "integer" } });

/** Its webhook looks at the cluster, not at the template. */
const checkedEndpoint: Schema = {
  ...endpoint,
  "x-kubernetes-validations": [
    {
      rule: isHost("self.host"),
      messageExpression: `'"' + self.host + '": provided endpoint address is not a valid IP or FQDN'`,
    },
  ],
};

const proxmox = {
  allowedNodes: texts,
  dnsServers: texts,
  ipv4Config: open,
};

const templateOf = (spec: Schema): Schema => fields({ template: fields({ metadata: open, spec }) });

interface Group {
  readonly group: string;
  readonly version: string;
}

const RKE2: Group = { group: "controlplane.cluster.x-k8s.io", version: "v1beta1" };
const K3S: Group = { group: "controlplane.cluster.x-k8s.io", version: "v1beta2" };
const PROXMOX: Group = { group: "infrastructure.cluster.x-k8s.io", version: "v1alpha1" };

export const standIns = (): KubeObject[] => [
  definition(RKE2, "RKE2ControlPlane", fields({ ...contract, ...rke2 })),
  definition(RKE2, "RKE2ControlPlaneTemplate", templateOf(fields({ ...contract, ...rke2 }))),
  definition(K3S, "KThreesControlPlane", fields({ ...contract, ...k3s })),
  definition(K3S, "KThreesControlPlaneTemplate", templateOf(fields({ ...contract, ...k3s }))),
  definition(PROXMOX, "ProxmoxCluster", fields({ ...proxmox, controlPlaneEndpoint: checkedEndpoint })),
  definition(
    PROXMOX,
    "ProxmoxClusterTemplate",
    templateOf(fields({ ...proxmox, controlPlaneEndpoint: endpoint })),
  ),
  definition(PROXMOX, "ProxmoxMachine", open),
  definition(PROXMOX, "ProxmoxMachineTemplate", templateOf(open)),
];

function definition({ group, version }: Group, kind: string, spec: Schema): KubeObject {
  const singular = kind.toLowerCase();
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${singular}s.${group}`,
      // Which version speaks which of Cluster API's contracts.
      labels: { "cluster.x-k8s.io/v1beta1": version },
    },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural: `${singular}s`, singular },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: fields({ spec, status: open }) },
        },
      ],
    },
  };
}
