import { clusterFacts } from "../../../lib/adapters/kube-objects";
import { clusterPrint, News } from "../../../lib/adapters/news";
import type { KubeObject } from "../../../lib/core/facts";

const cluster = (metadata: object, status: object = {}): string =>
  clusterPrint(
    clusterFacts({
      metadata: { name: "paris", namespace: "team", uid: "1", ...metadata },
      spec: { topology: { classRef: { name: "rke2" } } },
      status,
    } as KubeObject),
  );

describe("An event", () => {
  test("is news the first time, and not when it says the same again", () => {
    const news = new News();
    expect(news.isNew("Cluster team/paris", cluster({}), false)).toBe(true);
    expect(news.isNew("Cluster team/paris", cluster({ resourceVersion: "7" }), false)).toBe(false);
    expect(news.isNew("Cluster team/lyon", cluster({}), false)).toBe(true);
  });

  test("is no news when Cluster API writes a status that decides nothing", () => {
    expect(cluster({}, { phase: "Provisioning" })).toBe(cluster({}, { phase: "Provisioned" }));
  });

  test("is news when machines appear, a deletion begins, or an annotation of ours goes", () => {
    expect(cluster({}, { controlPlane: { replicas: 1 } })).not.toBe(cluster({}));
    expect(cluster({ deletionTimestamp: "2026-06-01T12:00:00Z" })).not.toBe(cluster({}));
    expect(cluster({ annotations: { "vip.capi.gorizond.io/hold": "NameInUse" } })).not.toBe(cluster({}));
  });

  test("is always news when the object is gone, and when one of its name comes again", () => {
    const news = new News();
    news.isNew("Cluster team/paris", cluster({}), false);
    expect(news.isNew("Cluster team/paris", cluster({}), true)).toBe(true);
    expect(news.isNew("Cluster team/paris", cluster({}), false)).toBe(true);
  });
});
