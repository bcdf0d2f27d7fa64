/**
 * Answers: how are we asked before Cluster API, and what are we asked after it all the same?
 *
 * The API server calls mutating webhooks in the order of the names of their configurations, byte by byte.
 * Under the plain name our turn comes after Cluster API. A name that sorts before Cluster API's makes us the
 * first to see a Cluster, so that a required variable is there when Cluster API looks for it.
 *
 * One sort of update comes to us under both names. What Cluster API writes, only the later turn sees: the empty
 * default by which a new class says that it wants a VIP.
 */
import type { Rule, WebhookConfiguration } from "./chart-values";
import { laterConditions } from "./match-conditions";

/** The name that every installation of Cluster API has, by clusterctl or by its operator. */
export const CLUSTER_API_CONFIGURATION = "capi-mutating-webhook-configuration";

/** It says in `kubectl get` what it is for, and sorts before Cluster API whatever follows. */
export const FIRST = "before-cluster-api-";

export const firstOf = (plain: WebhookConfiguration): WebhookConfiguration => ({
  ...plain,
  metadata: { ...plain.metadata, name: `${FIRST}${plain.metadata.name}` },
});

/** A create has nothing to be looked at twice, and would wait for its address twice. */
export const laterOf = (plain: WebhookConfiguration): WebhookConfiguration => ({
  ...plain,
  webhooks: plain.webhooks.map((webhook) => ({
    ...webhook,
    rules: webhook.rules.map(withoutCreate),
    matchConditions: laterConditions(),
  })),
});

const withoutCreate = (rule: Rule): Rule => ({
  ...rule,
  operations: rule.operations.filter((operation) => operation !== "CREATE"),
});

/**
 * The configurations of an installation. The first one comes first: while it is applied over the plain
 * one, there is no moment at which no create is looked at.
 */
export const configurationsOf = (
  plain: WebhookConfiguration,
  beforeClusterApi: boolean,
): readonly WebhookConfiguration[] => (beforeClusterApi ? [firstOf(plain), laterOf(plain)] : [plain]);
