/** The ServiceMonitors in monitoring/ against what the build made: do they find our processes, and nothing else? */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { projectRoot } from "../../sandbox/places";
import { serviceMonitors } from "./support/prometheus";

interface Built {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly selector: Readonly<Record<string, string>>;
    readonly ports: readonly { readonly name?: string; readonly targetPort: number }[];
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly { readonly ports: readonly { readonly containerPort: number }[] }[];
      };
    };
  };
}

const dist = process.env["MODULE_DIST"] ?? join(projectRoot, "dist");
const objects = parseAllDocuments(
  readFileSync(join(dist, "pepr-module-capi-vip-allocator.yaml"), "utf8"),
).map((document) => document.toJS() as Built);
const ofKind = (kind: string): Built[] => objects.filter((object) => object.kind === kind);

const holds = (
  labels: Readonly<Record<string, string>>,
  selector: Readonly<Record<string, string>>,
): boolean => Object.entries(selector).every(([key, value]) => labels[key] === value);

const monitors = Object.entries(serviceMonitors());

test.each(monitors)("the ServiceMonitor of %s finds one Service, and says its name", (_, { spec }) => {
  const found = ofKind("Service").filter(
    ({ metadata }) =>
      spec.namespaceSelector.matchNames.includes(metadata.namespace ?? "") &&
      holds(metadata.labels ?? {}, spec.selector.matchLabels),
  );
  expect(found.map(({ metadata }) => metadata.name)).toEqual([spec.endpoints[0].relabelings[0].regex]);
});

test.each(monitors)("the ServiceMonitor of %s names a port of the pods behind it", (_, { spec }) => {
  const [endpoint] = spec.endpoints;
  const service = ofKind("Service").find(({ metadata }) => metadata.name === endpoint.relabelings[0].regex);
  const pods = ofKind("Deployment").filter((deployment) =>
    holds(deployment.spec.template.metadata.labels, service?.spec.selector ?? { none: "found" }),
  );
  const ports = pods.flatMap(({ spec: { template } }) =>
    template.spec.containers.flatMap((container) =>
      container.ports.map(({ containerPort }) => containerPort),
    ),
  );
  expect(ports).toEqual([endpoint.targetPort]);
  expect(service?.spec.ports.map(({ targetPort }) => targetPort)).toEqual([endpoint.targetPort]);
});

test.each(monitors)(
  "the ServiceMonitor of %s stands where the Services are, and trusts the build",
  (_, monitor) => {
    expect(monitor.metadata.namespace).toBe("pepr-system");
    expect(monitor.spec.endpoints).toEqual([
      expect.objectContaining({ path: "/metrics", scheme: "https", tlsConfig: { insecureSkipVerify: true } }),
    ]);
  },
);
