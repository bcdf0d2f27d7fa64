/** Answers: what does the contract suite need of an API server, fake or real, and of the people around it? */
import type { Client } from "../../lib/adapters/client";
import type { Resource } from "../../lib/adapters/kinds";
import type { KubeObject } from "../../lib/core/facts";
import type { Change } from "../gen/objects";

export type Propagation = "Background" | "Foreground" | "Orphan";

/** What administrators, providers and users do; no controller does anything by itself. */
export interface World {
  /** One that nobody else uses. */
  newNamespace(): Promise<string>;
  create(of: Resource, object: KubeObject): Promise<KubeObject>;
  /** Changes what is there now, whatever its version. */
  change(of: Resource, object: KubeObject, change: Change): Promise<KubeObject>;
  /** Writes by the status subresource. */
  writeStatus(of: Resource, object: KubeObject): Promise<KubeObject>;
  delete(of: Resource, object: KubeObject, propagation?: Propagation): Promise<void>;
}

export interface Site {
  readonly client: Client;
  readonly world: World;
}

/** Later than any time that an API server writes, and always the same. */
export const NOW = Date.parse("2040-01-01T00:00:00Z");
