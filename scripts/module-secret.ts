/** Answers: does the Secret carry the script that was built, and does it fit? */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type { Finding } from "./build-failure";
import { equal } from "./expectations";
import type { KubeObject } from "./manifest";

/** Kubernetes' limit is on the decoded bytes, Pepr's on the text: the text is the longer one. */
export const SECRET_LIMIT = 1_048_576;

export function encodedModule(secret: KubeObject): { readonly key: string; readonly text: string } {
  const [[key, text] = ["", ""]] = Object.entries((secret["data"] ?? {}) as Record<string, string>);
  // The manifest wraps long lines, which YAML reads as spaces.
  return { key, text: text.replaceAll(/\s/g, "") };
}

export function checkModule(secret: KubeObject, script: Buffer): Omit<Finding, "file">[] {
  const { key, text } = encodedModule(secret);
  const hash = createHash("sha256").update(script).digest("hex");
  return [
    ...equal("the module's key", `module-${hash}.js.gz`, key),
    ...equal("the module is the script that was built", true, unpacked(text)?.equals(script)),
    ...(text.length > SECRET_LIMIT
      ? [{ what: "the module's size", expected: `at most ${SECRET_LIMIT} bytes`, found: text.length }]
      : []),
  ];
}

function unpacked(text: string): Buffer | undefined {
  try {
    return gunzipSync(Buffer.from(text, "base64"));
  } catch {
    return undefined;
  }
}
