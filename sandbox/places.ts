import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The checkout: the folder with package.json and node_modules. */
export const projectRoot = resolve(__dirname, "..");

/** The committed Go modules that pin what is built. */
export const toolchainRoot = join(__dirname, "toolchain");

/**
 * Where binaries and rendered manifests are kept. Outside the checkout, so that `git clean` and a
 * second clone do not cost another build.
 */
export function cacheRoot(): string {
  const named = process.env["CAPI_VIP_ALLOCATOR_CACHE"];
  if (named) return resolve(named);
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "capi-vip-allocator");
}

/** Where sandboxes keep their state, one folder each. */
export function stateRoot(): string {
  return process.env["CAPI_VIP_ALLOCATOR_STATE"]
    ? resolve(process.env["CAPI_VIP_ALLOCATOR_STATE"])
    : join(projectRoot, ".sandbox");
}
