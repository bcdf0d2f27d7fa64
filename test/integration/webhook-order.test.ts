/**
 * Is the module asked before Cluster API or after it? The build makes a manifest for either; what a user may
 * rely on is the same in both, and a class that requires the variable works in one of them.
 */
import type { VariableShape } from "../../sandbox/fixtures";
import { typed } from "../support/readme";
import {
  annotationOf,
  calledFor,
  certificateNames,
  CLUSTERS,
  eventually,
  expectRenderedOnceWith,
  HOLD_ANNOTATION,
  isHeld,
  managementCluster,
  variableOf,
  VIP_ANNOTATION,
  vipOf,
  type Cluster,
  type KubeObject,
  type Site,
} from "./support";

const management = managementCluster({ install: false, kubeadm: true });

const PLAIN = "pepr-capi-vip-allocator";
const FIRST = `before-cluster-api-${PLAIN}`;
const CLUSTER_API = "capi-mutating-webhook-configuration";
const MUST_BE_SET = 'required variable "clusterVip" must be set';

/** A list of variables of its own, without our VIP: applying it again replaces the whole list. */
const withRegion = (site: Site, region: string): KubeObject =>
  site.manifest({ name: "apollo", variables: { region } });

const refusalOf = (request: Promise<unknown>): Promise<string> =>
  request.then(
    () => "not refused",
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

function expectVip(cluster: Cluster, vip: string): void {
  expect(cluster.spec.controlPlaneEndpoint).toEqual({ host: vip, port: 6443 });
  expect([variableOf(cluster), annotationOf(cluster, VIP_ANNOTATION)]).toEqual([vip, vip]);
  expect(isHeld(cluster)).toBe(false);
}

async function siteWith(clusterVip: VariableShape): Promise<Site> {
  const site = await management.newSite();
  await site.hasClassAndPool({ clusterVip });
  return site;
}

/** Created by kubectl, rendered, and its claim its own. */
async function complete(clusterVip: VariableShape, apply: readonly string[]): Promise<[Site, string]> {
  const site = await siteWith(clusterVip);
  await site.kubectl([...apply, "-f", "-"], [withRegion(site, "north")]);
  const rendered = await site.rendered("apollo");
  const vip = vipOf(rendered.cluster) ?? "none";
  expectRenderedOnceWith(vip, rendered);
  await site.adopted("apollo");
  return [site, vip];
}

/** Every configuration that was asked about a request of ours, in the order of the API server. */
async function asked(site: Site, verb: "create" | "patch"): Promise<readonly string[]> {
  const about = { user: "admin", namespace: site.namespace, resource: "clusters", name: "apollo" };
  const [entry] = await management.sandbox.audit({ ...about, verb });
  return entry ? calledFor(entry) : [];
}

interface Order {
  readonly order: string;
  readonly manifest: string;
  readonly created: readonly string[];
  /** Shapes of the variable with which a Cluster gets its VIP. */
  readonly shapes: readonly VariableShape[];
}

const AFTER: Order = {
  order: "after Cluster API, which is the default",
  manifest: "pepr-module-capi-vip-allocator.yaml",
  created: [CLUSTER_API, PLAIN],
  shapes: ["empty-default"],
};

const BEFORE: Order = {
  order: "before Cluster API",
  manifest: "capi-vip-allocator-before-cluster-api.yaml",
  created: [FIRST, CLUSTER_API],
  shapes: ["required", "empty-default"],
};

const CLIENT_SIDE = ["apply"];
const APPLIES = [{ how: CLIENT_SIDE }, { how: ["apply", "--server-side"] }];

let installed: Order | undefined;

/** What is installed already stays: an installation takes longer than most tests. */
async function ordered(order: Order): Promise<void> {
  if (installed !== order) await management.installModule({}, order.manifest);
  installed = order;
}

const inEitherOrder = (order: Order): void => {
  beforeAll(() => ordered(order), 60_000);

  test("a create is looked at once, in that order", async () => {
    const site = await siteWith("empty-default");

    await site.createCluster({ name: "apollo" });

    expect(await asked(site, "create")).toEqual(order.created);
  });

  describe.each(order.shapes)("a class whose variable is %s", (shape) => {
    const clusters = new Map<readonly string[], ReturnType<typeof complete>>();
    /** Created by the first test that asks for it; the next one goes on with it. */
    const applied = (how: readonly string[]): ReturnType<typeof complete> => {
      const there = clusters.get(how) ?? complete(shape, how);
      clusters.set(how, there);
      return there;
    };

    test("a Cluster has its VIP in the first revision, and is rendered once with it", async () => {
      const [site, vip] = await applied(CLIENT_SIDE);

      const [first] = await site.history<Cluster>(CLUSTERS, "apollo");
      expectVip(first as Cluster, vip);
    });

    test.each(APPLIES)(
      "a second kubectl $how that drops the variable keeps it in every revision",
      async ({ how }) => {
        const [site, vip] = await applied(how);

        await site.kubectl([...how, "-f", "-"], [withRegion(site, "south")]);

        const rendered = await site.rendered("apollo");
        expect(variableOf(rendered.cluster, "region")).toBe("south");
        expectRenderedOnceWith(vip, rendered);
        for (const revision of await site.history<Cluster>(CLUSTERS, "apollo")) expectVip(revision, vip);
      },
    );

    test("an update of anything else and the deletion go through, also without the module", async () => {
      const [site] = await applied(CLIENT_SIDE);
      await site.label("apollo", { colour: "blue" });

      await management.whileModuleIsDown(async () => {
        await site.api.merge(CLUSTERS, site.at("apollo"), {
          spec: { topology: { controlPlane: { replicas: 3 } } },
        });
        await site.deleteCluster("apollo");
      });

      await site.gone(CLUSTERS, "apollo");
      await eventually(async () => (await site.addresses()).length === 0);
    });
  });

  test("a Cluster that names a variable which the class does not define is refused in Cluster API's words", async () => {
    const site = await siteWith("empty-default");

    const refusal = await refusalOf(site.createCluster({ name: "apollo", variables: { altitude: "x" } }));

    expect(refusal).toContain('"default.cluster.cluster.x-k8s.io" denied the request');
    expect(refusal).toContain("spec.topology.variables[altitude]");
    expect(refusal).toContain("variable is not defined");
  });

  test("a class that does not define the variable, and has no pool, is left as it is", async () => {
    const site = await management.newSite();
    await site.hasClass({ clusterVip: "absent" });
    const manifest = site.manifest({ name: "apollo" });

    const { object } = await site.createCluster({ name: "apollo" });

    expect(object.metadata.annotations).toBeUndefined();
    expect(object.spec).toEqual(manifest["spec"]);
    expect((await site.rendered("apollo")).infrastructure.spec?.controlPlaneEndpoint).toBeUndefined();
  });

  test("a class that does not define the variable, and has a pool, gets no variable", async () => {
    const site = await siteWith("absent");

    const { object } = await site.createCluster({ name: "apollo" });

    expect([vipOf(object), object.spec.topology?.variables]).toEqual([expect.any(String), undefined]);
  });

  test("a Cluster without a VIP that is given a class which wants one is held before it is rendered with none", async () => {
    const site = await siteWith("empty-default");
    await site.hasClass({ name: "plain", clusterVip: "absent" });
    await site.createCluster({ name: "apollo", clusterClass: "plain" });
    await site.rendered("apollo");

    const rebased = await site.api.patch<Cluster>(CLUSTERS, site.at("apollo"), [
      { op: "replace", path: "/spec/topology/classRef/name", value: "lab" },
    ]);

    expect(annotationOf(rebased.object, HOLD_ANNOTATION)).toBe("ClassChanged");
    const vip = vipOf(await site.completed("apollo")) ?? "none";
    const { cluster, controlPlane } = await site.rendered("apollo");
    expectVip(cluster, vip);
    expect(certificateNames(controlPlane)).toContain(vip);
  });
};

describe(`asked ${AFTER.order}`, () => {
  inEitherOrder(AFTER);

  describe("a class that requires the variable", () => {
    test("a Cluster without it is refused in Cluster API's words, and nothing is reserved for it", async () => {
      const site = await siteWith("required");

      const refusal = await refusalOf(site.kubectl(["apply", "-f", "-"], [withRegion(site, "north")]));

      expect(refusal).toContain(MUST_BE_SET);
      expect(await site.claims()).toEqual([]);
    });
  });
});

test("a VIP that was given in one order is kept in the other", async () => {
  await ordered(AFTER);
  const [site, vip] = await complete("empty-default", ["apply"]);
  await ordered(BEFORE);

  await site.kubectl(["apply", "-f", "-"], [withRegion(site, "south")]);

  const rendered = await site.rendered("apollo");
  expectVip(rendered.cluster, vip);
  expectRenderedOnceWith(vip, rendered);
});

describe(`asked ${BEFORE.order}`, () => {
  inEitherOrder(BEFORE);

  describe("a class that requires the variable", () => {
    test("a Cluster in the older version of the API gets its VIP as well", async () => {
      const site = await siteWith("required");

      await site.kubectl(["apply", "-f", "-"], [site.manifest({ name: "apollo", version: "v1beta1" })]);

      const rendered = await site.rendered("apollo");
      expectRenderedOnceWith(vipOf(rendered.cluster) ?? "none", rendered);
    });

    test("without an address a Cluster is refused in Cluster API's words, instead of held, and can be repeated", async () => {
      const site = await management.newSite();
      await site.hasClass({ clusterVip: "required" });

      expect(await refusalOf(site.createCluster({ name: "apollo" }))).toContain(MUST_BE_SET);
      await site.hasPool();

      expectVip((await site.createCluster({ name: "apollo" })).object, site.address(10));
    });

    test("a dry-run reserves nothing, so it is refused in Cluster API's words", async () => {
      const site = await siteWith("required");

      const refusal = await refusalOf(site.createCluster({ name: "apollo" }, { dryRun: true }));

      expect(refusal).toContain(MUST_BE_SET);
      expect(await site.claims()).toEqual([]);
    });

    test("a Cluster that comes before its class is held, and completed once class and pool are there", async () => {
      const site = await management.newSite();
      const { object } = await site.createCluster({ name: "apollo" });
      expect(annotationOf(object, HOLD_ANNOTATION)).toBe("ClassNotFound");

      await Promise.all([site.hasPool(), site.hasClass({ clusterVip: "required" })]);

      const vip = vipOf(await site.completed("apollo")) ?? "none";
      expectRenderedOnceWith(vip, await site.rendered("apollo"));
    });

    test("a host that the user names is written into the variable", async () => {
      const site = await siteWith("required");
      const host = site.address(99);

      const { object } = await site.createCluster({
        name: "apollo",
        spec: { controlPlaneEndpoint: { host } },
      });

      expectVip(object, host);
    });

    test("a refused Cluster leaves its claim, and the one that is right gets that address", async () => {
      const site = await siteWith("required");
      await refusalOf(site.createCluster({ name: "apollo", variables: { altitude: "x" } }));
      const [claim] = await site.claims();
      expect(claim?.metadata.name).toBe("vip-cp-apollo");

      const { object } = await site.createCluster({ name: "apollo" });

      expect((await site.addresses()).map(({ spec }) => spec.address)).toEqual([vipOf(object)]);
    });

    test("another host needs its user's word, and is taken with it", async () => {
      const [site, vip] = await complete("required", ["apply"]);
      const host = site.address(99);
      const write = (annotations: Record<string, string>, variables: object[] | null) =>
        site.api.merge<Cluster>(CLUSTERS, site.at("apollo"), {
          metadata: { annotations },
          spec: { controlPlaneEndpoint: { host }, topology: { variables } },
        });
      const allowed = { "vip.capi.gorizond.io/allow-change": host };

      expectVip((await write({}, null)).object, vip);
      expect(await refusalOf(write(allowed, null))).toContain("(VariableNotChanged)");
      const { object } = await write(allowed, [{ name: "clusterVip", value: host }]);

      expectVip(object, host);
    });

    test("a rebase to such a class keeps the VIP where the list keeps it, and is refused where it does not", async () => {
      const [site, vip] = await complete("no-default", ["apply"]);
      await site.hasClass({ name: "next", clusterVip: "required" });
      const toNext = { op: "replace", path: "/spec/topology/classRef/name", value: "next" } as const;
      const dropped = { op: "replace", path: "/spec/topology/variables", value: [] } as const;

      expect(await refusalOf(site.api.patch(CLUSTERS, site.at("apollo"), [toNext, dropped]))).toContain(
        MUST_BE_SET,
      );
      await site.api.patch(CLUSTERS, site.at("apollo"), [toNext]);

      const rendered = await site.rendered("apollo");
      expectVip(rendered.cluster, vip);
      expectRenderedOnceWith(vip, rendered);
    });
  });
});

describe("while one order is changed for the other", () => {
  const names = async (): Promise<readonly string[]> => {
    const find = ["get", "mutatingwebhookconfigurations", "-o", "jsonpath={.items[*].metadata.name}"];
    return (await management.kubectl(find)).stdout.split(" ").filter((name) => name.includes(PLAIN));
  };

  test("while one manifest is applied over the other a create is looked at twice: one address, or one hold", async () => {
    await ordered(BEFORE);
    const both = [{ op: "replace", path: "/webhooks/0/rules/0/operations", value: ["CREATE", "UPDATE"] }];
    const patch = ["patch", "mutatingwebhookconfiguration", PLAIN, "--type=json", "-p", JSON.stringify(both)];
    await management.kubectl(patch);

    const site = await eventually(async () => {
      const next = await siteWith("empty-default");
      await next.createCluster({ name: "apollo" });
      return (await asked(next, "create")).length === 3 && next;
    });
    const rendered = await site.rendered("apollo");
    const vip = vipOf(rendered.cluster) ?? "none";
    expectVip(rendered.cluster, vip);
    expectRenderedOnceWith(vip, rendered);
    expect((await site.addresses()).map(({ spec }) => spec.address)).toEqual([vip]);

    const poor = await management.newSite();
    await poor.hasClass();
    const { object } = await poor.createCluster({ name: "apollo" });
    expect(annotationOf(object, HOLD_ANNOTATION)).toBe("NoMatchingPool");
  });

  test("the first step of the README's uninstall takes the webhooks of either", async () => {
    await ordered(BEFORE);
    expect(await names()).toEqual([FIRST, PLAIN]);
    const [, command = ""] =
      /^kubectl (delete mutatingwebhookconfiguration .*)$/m.exec(typed("uninstall")) ?? [];

    await management.kubectl(command.split(" "));

    expect(await names()).toEqual([]);
  });
});
