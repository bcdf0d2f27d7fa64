/** Answers: which kinds does Pepr watch and admit for us? */
import { GenericKind, RegisterKind } from "kubernetes-fluent-client";
import {
  ADDRESSES,
  CLAIMS,
  CLASSES,
  CLUSTERS,
  GLOBAL_POOLS,
  POOLS,
  type Resource,
} from "../lib/adapters/kinds";

export class Cluster extends GenericKind {}
export class ClusterClass extends GenericKind {}
export class IPAddressClaim extends GenericKind {}
export class IPAddress extends GenericKind {}
export class InClusterIPPool extends GenericKind {}
export class GlobalInClusterIPPool extends GenericKind {}
/** Of a kind that an installation names: Pepr is told which, binding by binding. */
export class FurtherPool extends GenericKind {}

const register = (model: typeof GenericKind, { group, version, kind, plural }: Resource): void =>
  RegisterKind(model, { group, version, kind, plural });

register(Cluster, CLUSTERS);
register(ClusterClass, CLASSES);
register(IPAddressClaim, CLAIMS);
register(IPAddress, ADDRESSES);
register(InClusterIPPool, POOLS);
register(GlobalInClusterIPPool, GLOBAL_POOLS);
