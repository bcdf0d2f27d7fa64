/** Cluster API, as far as an allocator meets it: what its webhook does to a Cluster, and what its controllers do. */
import type { KubeObject } from "../../lib/core/facts";
import { CONTROL_PLANE, ROLES, type Role } from "../../lib/core/roles";
import { failed, type FakeApiServer } from "../fakes/api-server";
import type { Action } from "./world";
import {
  asCluster,
  CLASSES,
  classNameOf,
  CLUSTERS,
  definitionIn,
  hasStarted,
  isAllowed,
  hostOf,
  isGoing,
  isPaused,
  isRendered,
  NAMESPACE,
  variableOf,
  variablesOf,
  withFinalizer,
  withoutFinalizer,
} from "./kinds";

const FINALIZER = "cluster.cluster.x-k8s.io";

const classOf = (server: FakeApiServer, cluster: KubeObject): KubeObject | undefined =>
  server.find(CLASSES, NAMESPACE, classNameOf(cluster));

/** Its mutating webhook, before ours: an entry for every variable with a default, and every entry checked. @throws RequestFailed */
export function defaulted(server: FakeApiServer, object: KubeObject): KubeObject {
  const cluster = asCluster(object);
  const { topology } = cluster.spec;
  const aClass = classOf(server, cluster);
  if (!topology || !aClass) return object;
  const added = ROLES.flatMap((role) => defaultFor(cluster, aClass, role));
  if (added.length === 0) return object;
  const variables = [...(topology.variables ?? []), ...added];
  return { ...cluster, spec: { ...cluster.spec, topology: { ...topology, variables } } };
}

/** @throws RequestFailed */
function defaultFor(cluster: KubeObject, aClass: KubeObject, role: Role): { name: string; value: unknown }[] {
  const schema = definitionIn(aClass, role);
  const value = variableOf(cluster, role);
  if (!isAllowed(value, schema))
    throw refused(cluster, `${String(value)} is not allowed in ${role.variable}`);
  const isMissing = schema?.default !== undefined && value === undefined;
  return isMissing ? [{ name: role.variable, value: schema.default }] : [];
}

/** Its validating webhook, after ours, which does not look at the variables again. @throws RequestFailed */
export function validate(server: FakeApiServer, object: KubeObject, before: KubeObject | undefined): void {
  if (before && !classOf(server, object)) throw refused(object, "ClusterClass not found");
  const hasLost = (field: "infrastructureRef" | "controlPlaneRef"): boolean =>
    asCluster(object).spec[field] === undefined &&
    before !== undefined &&
    asCluster(before).spec[field] !== undefined;
  if (hasLost("infrastructureRef") || hasLost("controlPlaneRef")) throw refused(object, "cannot be removed");
}

const refused = ({ metadata }: KubeObject, why: string): Error =>
  failed(
    403,
    "Forbidden",
    `admission webhook "validation.cluster" denied the request: ${why}`,
    metadata.name ?? "",
  );

/** Machines need one to come up; a class that knows no VIP brings its own. */
const hasEndpoint = (cluster: KubeObject, aClass: KubeObject | undefined): boolean =>
  hostOf(cluster) !== undefined ||
  (aClass !== undefined && definitionIn(aClass, CONTROL_PLANE) === undefined);

export class ClusterApi {
  /** By UID of the Cluster, the VIP variables that its machines were made from. */
  readonly rendered = new Map<string, string>();

  /** @param renders is told of every Cluster before something is made of it */
  constructor(
    private readonly server: FakeApiServer,
    private readonly renders: (cluster: KubeObject) => void,
  ) {}

  actions(): Action[] {
    return this.server.list(CLUSTERS).flatMap((cluster) => this.#actionsFor(cluster));
  }

  #actionsFor(cluster: KubeObject): Action[] {
    const name = cluster.metadata.name ?? "";
    const act = (words: string, run: () => void): Action => ({ words: `Cluster API ${words} ${name}`, run });
    // Also of a Cluster that is paused.
    if (!isGoing(cluster) && !cluster.metadata.finalizers?.includes(FINALIZER))
      return [act("takes up", () => this.server.update(CLUSTERS, withFinalizer(cluster, FINALIZER)))];
    if (isPaused(cluster)) return [];
    if (isGoing(cluster)) return this.#deletion(cluster);
    const aClass = classOf(this.server, cluster);
    return [
      ...(aClass && asCluster(cluster).spec.topology && this.#isStale(cluster)
        ? [act("renders", () => this.#render(cluster))]
        : []),
      ...(isRendered(cluster) && !hasStarted(cluster) && hasEndpoint(cluster, aClass)
        ? [act("starts machines of", () => this.#start(cluster))]
        : []),
    ];
  }

  #isStale(cluster: KubeObject): boolean {
    const uid = cluster.metadata.uid ?? "";
    const isOutdated = this.rendered.has(uid) && this.rendered.get(uid) !== variablesOf(cluster);
    return !isRendered(cluster) || isOutdated;
  }

  #render(cluster: KubeObject): void {
    this.renders(cluster);
    this.rendered.set(cluster.metadata.uid ?? "", variablesOf(cluster));
    if (isRendered(cluster)) return;
    const refs = {
      infrastructureRef: { kind: "Lab", name: "x" },
      controlPlaneRef: { kind: "Lab", name: "x" },
    };
    const { spec } = asCluster(cluster);
    this.server.update(CLUSTERS, { ...cluster, spec: { ...spec, ...refs } });
  }

  #start(cluster: KubeObject): void {
    const { status } = asCluster(cluster);
    this.server.updateStatus(CLUSTERS, { ...cluster, status: { ...status, controlPlane: { replicas: 3 } } });
  }

  #deletion(cluster: KubeObject): Action[] {
    if (!cluster.metadata.finalizers?.includes(FINALIZER)) return [];
    const run = (): void => void this.server.update(CLUSTERS, withoutFinalizer(cluster, FINALIZER));
    return [{ words: `Cluster API lets go of ${cluster.metadata.name}`, run }];
  }
}
