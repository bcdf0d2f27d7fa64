/** Objects that every API server with Cluster API's definitions accepts, and what is the same on all of them. */
import { labClass } from "../../sandbox/fixtures";
import { ADDRESSES, CLAIMS, CLASSES, CLUSTERS, GLOBAL_POOLS, POOLS } from "../../lib/adapters/kinds";
import type { KubeObject, Metadata, OwnerReference } from "../../lib/core/facts";
import * as make from "../gen/objects";
import { put, type Change } from "../gen/objects";

export { ADDRESSES, CLAIMS, CLASSES, CLUSTERS, GLOBAL_POOLS, POOLS };

export const PROTECT = "example.org/protect";
export const OTHER_FINALIZER = "example.org/other";

export const finalizers = (...names: readonly string[]): Change => put("metadata", "finalizers")(names);
export const labels = put("metadata", "labels");
export const annotations = put("metadata", "annotations");
export const boundTo = (name: string): Change => put("status", "addressRef")({ name });

/** As it is sent: without what the API server gives, and without status. */
const draft = (object: KubeObject, namespace: string | undefined, changes: readonly Change[]): KubeObject => {
  const { status: _status, metadata, ...rest } = object;
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _born, ...kept } = metadata;
  const { namespace: _namespace, ...named } = kept;
  const plain = { ...rest, metadata: { ...named, ...(namespace !== undefined && { namespace }) } };
  return changes.reduce((made, change) => change(made), plain as KubeObject);
};

type Maker = (namespace: string, ...changes: readonly Change[]) => KubeObject;

export const claim: Maker = (namespace, ...changes) => draft(make.claim(), namespace, changes);
export const address: Maker = (namespace, ...changes) => draft(make.address(), namespace, changes);
export const cluster: Maker = (namespace, ...changes) => draft(make.cluster(), namespace, changes);
export const pool: Maker = (namespace, ...changes) => draft(make.pool("own"), namespace, changes);
export const globalPool = (name: string, ...changes: readonly Change[]): KubeObject =>
  draft(make.globalPool(name), undefined, changes);

export const clusterClass: Maker = (namespace, ...changes) => {
  const aClass = labClass({ namespace, name: make.CLASS }).find(({ kind }) => kind === "ClusterClass");
  if (!aClass) throw new Error("A ClusterClass is one of the objects of a lab class");
  return draft(aClass as unknown as KubeObject, namespace, changes);
};

export const named = put("metadata", "name");

export const ownerOf = (object: KubeObject): OwnerReference => ({
  apiVersion: object.apiVersion ?? "",
  kind: object.kind ?? "",
  name: object.metadata.name ?? "",
  uid: object.metadata.uid ?? "",
  controller: true,
});

const METADATA: readonly (keyof Metadata)[] = [
  "name",
  "namespace",
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
  "labels",
  "annotations",
  "finalizers",
  "ownerReferences",
];

/** Without the fields that nobody here asks for, such as managed fields. */
export const essence = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: Object.fromEntries(
    METADATA.flatMap((field) =>
      object.metadata[field] === undefined ? [] : [[field, object.metadata[field]]],
    ),
  ),
});

/** What somebody wrote of it: no version, and nothing else that every API server gives in its own way. */
export function content(object: KubeObject): KubeObject {
  const { metadata, ...rest } = essence(object);
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _born, ...written } = metadata;
  return { ...rest, metadata: written };
}

export const versionOf = ({ metadata }: KubeObject): number => Number(metadata.resourceVersion);
