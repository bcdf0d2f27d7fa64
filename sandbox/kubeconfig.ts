import { writeFileSync } from "node:fs";
import { base64Of } from "./certificate";

export interface KubeconfigInput {
  readonly server: string;
  readonly certificate: string;
  readonly token: string;
}

/** Writes a kubeconfig that authenticates by token. JSON is YAML, and kubectl takes it. */
export function writeKubeconfig(path: string, input: KubeconfigInput): string {
  const name = "sandbox";
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [
      {
        name,
        cluster: {
          server: input.server,
          "certificate-authority-data": base64Of(input.certificate),
        },
      },
    ],
    users: [{ name, user: { token: input.token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: "default" } }],
  };
  writeFileSync(path, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return path;
}
