import { addressFacts, clusterFacts } from "../../../lib/adapters/kube-objects";
import { addressPrint, clusterPrint, News, poolPrint } from "../../../lib/adapters/news";
import { PREFIX } from "../../../lib/core/contract";
import type { KubeObject } from "../../../lib/core/facts";
import { poolOf } from "../../gen/facts";
import {
  address,
  annotated,
  disabled,
  forClass,
  free,
  giving,
  pinnedSince,
  pool,
  priority,
  type Change,
} from "../../gen/objects";

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

  test("is news when the label with the ingress VIP changes, but not for the labels of others", () => {
    const labels = (text: string) => cluster({ labels: { [`${PREFIX}ingress-vip`]: text } });
    expect(labels("10.0.1.10")).not.toBe(cluster({}));
    expect(labels("10.0.1.10")).not.toBe(labels("10.0.1.11"));
    expect(cluster({ labels: { team: "a" } })).toBe(cluster({}));
  });

  test("is news when the variable of either role changes", () => {
    const variables = (name: string) =>
      clusterPrint(
        clusterFacts({
          metadata: { name: "paris", namespace: "team", uid: "1" },
          spec: { topology: { classRef: { name: "rke2" }, variables: [{ name, value: "10.0.0.10" }] } },
        } as KubeObject),
      );
    expect(new Set(["clusterVip", "ingressVip", "workers"].map(variables)).size).toBe(3);
    expect(variables("workers")).toBe(cluster({}));
  });

  test("of a pool is news when it has other addresses, not when it says the same in other words", () => {
    const print = (...addresses: readonly string[]): string =>
      poolPrint(poolOf(pool("own", giving(...addresses))));
    expect(print("10.0.0.10-10.0.0.19")).not.toBe(print("10.0.0.10-10.0.0.20"));
    expect(print("10.0.0.10-10.0.0.19")).toBe(print("10.0.0.15-10.0.0.19", "10.0.0.10-10.0.0.14"));
  });

  test("of an address is news when somebody pins it anew", () => {
    const print = (...changes: readonly Change[]): string => addressPrint(addressFacts(address(...changes)));
    expect(print(pinnedSince(0))).not.toBe(print());
    expect(print(annotated("team", "a"))).toBe(print());
  });

  test("of a pool is news when it can give an address again, or no more, but not for every one it gives", () => {
    const print = (...changes: readonly Change[]): string => poolPrint(poolOf(pool("own", ...changes)));
    expect(print(free(9))).toBe(print(free(1)));
    expect(print(free(0))).not.toBe(print(free(1)));
    for (const change of [disabled, forClass("k3s"), priority("5")]) expect(print(change)).not.toBe(print());
  });

  test("is always news when the object is gone, and when one of its name comes again", () => {
    const news = new News();
    news.isNew("Cluster team/paris", cluster({}), false);
    expect(news.isNew("Cluster team/paris", cluster({}), true)).toBe(true);
    expect(news.isNew("Cluster team/paris", cluster({}), false)).toBe(true);
  });
});
