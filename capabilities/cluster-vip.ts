/**
 * Answers: which events start what? A table of contents; every line is one binding.
 *
 * Watch callbacks only enqueue a key: Pepr neither retries them nor runs two of a list in parallel.
 */
import { Capability } from "pepr";
import { ROLE_LABEL } from "../lib/core/contract";
import {
  Cluster,
  ClusterClass,
  FurtherPool,
  GlobalInClusterIPPool,
  InClusterIPPool,
  IPAddress,
  IPAddressClaim,
} from "./kinds";
import type { KubeObject } from "../lib/core/facts";
import { settings } from "./settings";
import { admission, told, type Told } from "./wiring";

export const ClusterVip = new Capability({
  name: "cluster-vip",
  description: "A Cluster never exists without its virtual IP",
});

const { When } = ClusterVip;

/** Nothing is made before the first event. */
const on =
  (event: Told) =>
  (object: object, phase: string): void =>
    told(event, object as KubeObject, phase);

// A new Cluster gets its VIP, or is held; an updated one keeps it.
When(Cluster).IsCreatedOrUpdated().Mutate(admission);

// A Cluster that was stored, changed or is gone.
When(Cluster).IsCreatedOrUpdated().Watch(on("clusterChanged"));

// Claims and addresses of ours, also when their Cluster is gone.
When(IPAddressClaim).IsCreatedOrUpdated().WithLabel(ROLE_LABEL).Watch(on("claimChanged"));
When(IPAddress).IsCreatedOrUpdated().WithLabel(ROLE_LABEL).Watch(on("addressChanged"));

// What a Cluster without its VIP may be waiting for.
When(InClusterIPPool).IsCreatedOrUpdated().Watch(on("poolChanged"));
When(GlobalInClusterIPPool).IsCreatedOrUpdated().Watch(on("poolChanged"));
for (const kind of settings.furtherPools)
  When(FurtherPool, kind).IsCreatedOrUpdated().Watch(on("poolChanged"));
When(ClusterClass).IsCreatedOrUpdated().Watch(on("classChanged"));

// Deletions matter as well, and Pepr's `When` cannot say "every event"; a second binding for them would
// list, watch and cache every object twice.
for (const binding of ClusterVip.bindings) if (binding.isWatch) binding.event = "*" as typeof binding.event;
