/** Who talks to the API server; each under a name of its own, so that the audit log tells them apart. */
export const systemUsers = [
  "admin",
  "controller-manager",
  "capi-core",
  "capi-bootstrap",
  "capi-control-plane",
  "capd",
  "ipam",
] as const;
export type SystemUser = (typeof systemUsers)[number];
