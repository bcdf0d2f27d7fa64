/** A Kubernetes object of any kind, as it stands in a manifest. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    resourceVersion?: string;
    generation?: number;
    [field: string]: unknown;
  };
  [field: string]: unknown;
}
