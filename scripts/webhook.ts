/** Answers: what does the webhook configuration say that Pepr cannot generate? */
import type { Document } from "yaml";
import { matchConditions } from "./match-conditions";

export const WEBHOOK_KIND = "MutatingWebhookConfiguration";

/** A create reserves an address, a dry-run does not; Pepr always says "None". */
export const SIDE_EFFECTS = "NoneOnDryRun";

export function completeWebhook(document: Document): void {
  const { webhooks } = document.toJS() as { webhooks: readonly unknown[] };
  for (const index of webhooks.keys()) {
    document.setIn(["webhooks", index, "sideEffects"], SIDE_EFFECTS);
    document.setIn(["webhooks", index, "matchConditions"], document.createNode(matchConditions()));
  }
}
