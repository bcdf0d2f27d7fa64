/** What the API server says about its calls of our webhook. */
import type { AuditEntry } from "../../../sandbox/sandbox";

interface Mutation {
  readonly configuration: string;
  readonly mutated: boolean;
}

const OURS = /capi-vip-allocator/;

const callsIn = ({ annotations }: AuditEntry): readonly Mutation[] =>
  Object.entries(annotations)
    .filter(([key]) => key.startsWith("mutation.webhook.admission.k8s.io/"))
    // "round_0_index_10" comes after "round_0_index_9".
    .sort(([one], [other]) => one.localeCompare(other, "en", { numeric: true }))
    .map(([, text]) => JSON.parse(text) as Mutation);

/** Did our webhook change the object of this request? Undefined where it was not called. */
export function changedByUs(entry: AuditEntry): boolean | undefined {
  const calls = callsIn(entry).filter(({ configuration }) => OURS.test(configuration));
  return calls.length === 0 ? undefined : calls.some(({ mutated }) => mutated);
}

/** The webhook configurations that were called for this request, in their order. */
export const calledFor = (entry: AuditEntry): readonly string[] =>
  callsIn(entry).map(({ configuration }) => configuration);
