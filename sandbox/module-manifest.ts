import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { SandboxFailure } from "./failure";
import type { KubeObject } from "./kube-object";
import { isWebhookConfiguration } from "./local-webhooks";
import { parseObjects } from "./render";

/** The parts of a built Pepr manifest that running it outside of pods needs. */
export interface ModuleManifest {
  readonly script: string;
  /** Namespace, ServiceAccounts and RBAC, exactly as generated. */
  readonly installed: readonly KubeObject[];
  readonly webhooks: readonly KubeObject[];
  readonly apiPath: string;
  readonly admission: ModuleDeployment;
  readonly watcher: ModuleDeployment;
}

export interface ModuleDeployment {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly env: Readonly<Record<string, string>>;
}

// Services and Deployments would have nobody to act on them, and the module's own Secret only
// repeats the script.
const installedKinds = new Set([
  "Namespace",
  "ServiceAccount",
  "ClusterRole",
  "ClusterRoleBinding",
  "Role",
  "RoleBinding",
]);

export function readModuleManifest(dist: string, manifest?: string): ModuleManifest {
  const file = manifest ?? only(dist, /^pepr-module-.*\.yaml$/);
  const objects = parseObjects(readFileSync(file, "utf8"));
  const webhooks = objects.filter(isWebhookConfiguration);
  const deployments = objects.filter((object) => object.kind === "Deployment");
  const watcher = deployments.find((object) => object.metadata.name.endsWith("-watcher"));
  const admission = deployments.find((object) => object !== watcher);
  if (!admission || !watcher) {
    throw new SandboxFailure(`${file} has not the two Deployments of a Pepr module`);
  }
  return {
    script: only(dist, /^pepr-.*\.c?js$/),
    installed: objects.filter((object) => installedKinds.has(object.kind)),
    webhooks,
    apiPath: apiPathOf(webhooks),
    admission: deploymentOf(admission),
    watcher: deploymentOf(watcher),
  };
}

function only(dist: string, pattern: RegExp): string {
  const found = existsSync(dist) ? readdirSync(dist).filter((file) => pattern.test(file)) : [];
  const [first, ...others] = found;
  if (first === undefined) {
    throw new SandboxFailure(`${dist} has no built module: run "npm run build" first`);
  }
  if (others.length > 0) {
    throw new SandboxFailure(`${dist} has several modules (${found.join(", ")}): remove the old`);
  }
  return join(dist, first);
}

function apiPathOf(configurations: readonly KubeObject[]): string {
  const [first] = configurations as unknown as readonly {
    webhooks: { clientConfig: { service?: { path?: string } } }[];
  }[];
  return first?.webhooks[0]?.clientConfig.service?.path?.split("/").pop() ?? "unused";
}

interface PodTemplate {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly serviceAccountName: string;
        readonly containers: readonly {
          readonly env?: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
}

function deploymentOf(object: KubeObject): ModuleDeployment {
  const pod = (object as unknown as PodTemplate).spec.template.spec;
  const env = pod.containers.flatMap((container) => container.env ?? []);
  return {
    namespace: object.metadata.namespace ?? "pepr-system",
    serviceAccount: pod.serviceAccountName,
    env: Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]]))),
  };
}

/** The definition that Pepr's controller image creates before it loads a module. */
export const peprStoreDefinition: KubeObject = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "peprstores.pepr.dev" },
  spec: {
    group: "pepr.dev",
    scope: "Namespaced",
    names: { kind: "PeprStore", plural: "peprstores", singular: "peprstore" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: { data: { type: "object", additionalProperties: { type: "string" } } },
          },
        },
      },
    ],
  },
};
