/** What the API server says about its calls of our webhook. */
import type { AuditEntry } from "../../../sandbox/sandbox";

interface Mutation {
  readonly configuration: string;
  readonly mutated: boolean;
}

const OURS = /capi-vip-allocator/;

/** Did our webhook change the object of this request? Undefined where it was not called. */
export function changedByUs({ annotations }: AuditEntry): boolean | undefined {
  const calls = Object.entries(annotations)
    .filter(([key]) => key.startsWith("mutation.webhook.admission.k8s.io/"))
    .map(([, text]) => JSON.parse(text) as Mutation)
    .filter(({ configuration }) => OURS.test(configuration));
  return calls.length === 0 ? undefined : calls.some(({ mutated }) => mutated);
}
