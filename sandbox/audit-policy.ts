import { systemUsers } from "./system-users";

/**
 * Who asked for what, without bodies. Reads by the administrator and the providers, and the API server's own
 * bookkeeping, are left out: they are the bulk, and no question to the log is about them.
 */
export const auditPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "ResponseStarted"],
  rules: [
    { level: "None", users: ["system:apiserver", "system:anonymous"] },
    { level: "None", resources: [{ group: "coordination.k8s.io", resources: ["leases"] }] },
    { level: "None", users: systemUsers, verbs: ["get", "list", "watch"] },
    { level: "Metadata" },
  ],
};
