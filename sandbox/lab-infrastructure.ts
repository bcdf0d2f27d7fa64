import type { KubeObject } from "./kube-object";

/**
 * An infrastructure provider without a controller: it never sets an endpoint and never becomes
 * ready, so what reaches it is exactly what Cluster API and the ClusterClass rendered. Unlike
 * CAPD it has no fixed ports.
 */
export const labGroup = "infrastructure.cluster.x-k8s.io";
export const labVersion = "v1beta2";
export const labApiVersion = `${labGroup}/${labVersion}`;

export const labKinds = ["LabCluster", "LabClusterTemplate", "LabMachine", "LabMachineTemplate"] as const;

export function labDefinitions(): KubeObject[] {
  return labKinds.map(definition);
}

function definition(kind: string): KubeObject {
  const singular = kind.toLowerCase();
  const open = { type: "object", nullable: true, "x-kubernetes-preserve-unknown-fields": true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${singular}s.${labGroup}`,
      // Which of our versions speaks which of Cluster API's contracts.
      labels: { "cluster.x-k8s.io/v1beta2": labVersion },
    },
    spec: {
      group: labGroup,
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, plural: `${singular}s`, singular },
      versions: [
        {
          name: labVersion,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: { type: "object", properties: { spec: open, status: open } },
          },
        },
      ],
    },
  };
}
