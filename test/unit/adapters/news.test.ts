import { addressFacts, claimFacts, clusterFacts } from "../../../lib/adapters/kube-objects";
import {
  addressPrint,
  claimPrint,
  clusterPrint,
  News,
  newsName,
  poolPrint,
} from "../../../lib/adapters/news";
import { CONTROL_PLANE } from "../../../lib/core/roles";
import { PREFIX } from "../../../lib/core/contract";
import { absent, type KubeObject } from "../../../lib/core/facts";
import { poolOf, Unread, watching } from "../../gen/facts";
import {
  address,
  annotated,
  bound,
  CLAIM,
  claim,
  disabled,
  forClass,
  free,
  giving,
  NAME,
  NAMESPACE,
  owned,
  pinnedSince,
  pool,
  priority,
  stored,
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

  describe("of a Cluster, its claim or its address", () => {
    const facts = watching({ cluster: stored(), claim: claim(owned(), bound), address: address() });
    const nothing = { ...watching({}), cluster: absent };
    const unanswered = watching({
      cluster: new Unread("no answer"),
      claim: new Unread("no answer"),
      address: new Unread("no answer"),
    });
    const prints = [
      [newsName("Cluster", NAMESPACE, NAME), clusterPrint(clusterFacts(stored()))],
      [
        newsName("claim", NAMESPACE, CLAIM),
        claimPrint(claimFacts(claim(owned(), bound), CONTROL_PLANE, 0, 0)),
      ],
      [newsName("address", NAMESPACE, CLAIM), addressPrint(addressFacts(address()))],
    ] as const;

    test.each(prints)("%s is no news when a look has found what it tells", (object, print) => {
      const news = new News();
      news.looked(facts);
      expect(news.isNew(object, print, false)).toBe(false);
      expect(news.isNew(object, "something else", false)).toBe(true);
    });

    test.each(prints)(
      "%s is no news any more when a look finds what was heard before it",
      (object, print) => {
        const news = new News();
        expect(news.isNew(object, print, false)).toBe(true);
        expect(news.hasRead(object)).toBe(false);
        news.looked(facts);
        expect(news.hasRead(object)).toBe(true);
      },
    );

    test.each(prints)("%s stays news when the look was earlier, or found something else", (object, print) => {
      const news = new News();
      news.looked(facts);
      news.isNew(object, "something else", false);
      expect(news.hasRead(object)).toBe(false);
      news.isNew(object, print, false);
      expect(news.hasRead(object)).toBe(true);
    });

    test.each(prints)(
      "%s is news when a look since did not find it, or was not answered",
      (object, print) => {
        for (const since of [nothing, unanswered]) {
          const news = new News();
          news.looked(facts);
          news.looked(since);
          expect(news.isNew(object, print, false)).toBe(true);
        }
      },
    );

    test.each(prints)("%s is news when it is gone, whatever a look has found", (object, print) => {
      const news = new News();
      news.isNew(object, print, false);
      news.looked(facts);
      expect(news.isNew(object, print, true)).toBe(true);
      expect(news.hasRead(object)).toBe(false);
      expect(news.isNew(object, print, false)).toBe(true);
    });
  });
});
