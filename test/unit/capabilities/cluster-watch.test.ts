/** Which event wakes which Clusters. */
import {
  address,
  type Change,
  claim,
  CLASS,
  clusterClass,
  complete,
  forRole,
  free,
  giving,
  globalPool,
  host,
  INGRESS_VIP,
  ingressAddress,
  ingressBound,
  ingressClaim,
  ingressOptedOut,
  ingressPool,
  labelled,
  NAMESPACE,
  OTHER_IP,
  owned,
  pool,
  put,
  replacedVip,
  stored,
  strangers,
  terminating,
  variables,
  VIP,
  wantsBoth,
  wantsVip,
  withIngress,
} from "../../gen/objects";
import { watching } from "../../gen/facts";
import { ClusterWatch, keyOf } from "../../../capabilities/cluster-watch";
import { News } from "../../../lib/adapters/news";
import { Sightings } from "../../../lib/adapters/sightings";
import { clusterFacts } from "../../../lib/adapters/kube-objects";
import { keyText, type KubeObject } from "../../../lib/core/facts";
import type { Interest } from "../../../lib/core/plan";
import { INGRESS } from "../../../lib/core/roles";

const KEY = "team-a/blue";
const green = (...changes: readonly Change[]): KubeObject =>
  stored(put("metadata", "namespace")("team-b"), put("metadata", "name")("green"), ...changes);

/** A watch, and what it told the queue and the log. */
function watch() {
  const told: string[] = [];
  const meant: ((interest: Interest) => boolean)[] = [];
  const owed: (() => boolean)[] = [];
  const seen = new Sightings();
  const news = new News();
  const queue = {
    add: (key: string, isOwed: () => boolean = () => true) => {
      told.push(key);
      owed.push(isOwed);
    },
    addLater: (key: string, ms: number) => void told.push(`${key} in ${ms} ms`),
    wake: (isMeant: (interest: Interest) => boolean) => void meant.push(isMeant),
  };
  const of = new ClusterWatch(queue, { seen, news }, ({ pools, addresses }) =>
    told.push(`${pools.join(" and ")} share ${addresses}`),
  );
  return {
    of,
    seen,
    news,
    /** Whether any of what the queue was told would be owed a look after a pass that was under way. */
    isOwed: () => owed.splice(0).some((isOwed) => isOwed()),
    /** What was told since this was asked last. */
    told: () => told.splice(0),
    /** Those of the interests that were meant since this was asked last. */
    woken: (...interests: readonly Interest[]) => {
      const all = meant.splice(0);
      return interests.filter((interest) => all.some((isMeant) => isMeant(interest)));
    },
  };
}

const wish = (role: string): Interest => ({
  kind: "pool",
  namespace: NAMESPACE,
  className: CLASS,
  role,
});
const unreserved = (address: string, namespace = NAMESPACE): Interest => ({
  kind: "address",
  namespace,
  address,
});

test("A key reads back as it was written", () => {
  const key = { namespace: "team-a", name: "blue" };
  expect(keyOf(keyText(key))).toEqual(key);
});

describe("An event of a Cluster", () => {
  test("wakes it, and does so once for what concerns nobody", () => {
    const { of, told } = watch();
    of.clusterChanged(stored(), "ADDED");
    of.clusterChanged(stored(put("status", "phase")("Provisioning")), "MODIFIED");
    expect(told()).toEqual([KEY]);
  });

  test.each([
    ["its annotation", withIngress()],
    ["its label alone", labelled(INGRESS.annotation, INGRESS_VIP)],
    ["its variable", variables({ [INGRESS.variable]: INGRESS_VIP })],
    ["its switch", ingressOptedOut],
    ["what was replaced", replacedVip(VIP, INGRESS)],
  ])("wakes it for its ingress VIP: %s", (_what, change) => {
    const { of, told } = watch();
    of.clusterChanged(stored(), "ADDED");
    told();
    of.clusterChanged(stored(change), "MODIFIED");
    expect(told()).toEqual([KEY]);
  });

  test("wakes another that has its address, in either role, and again when it is gone", () => {
    const { of, told } = watch();
    of.clusterChanged(stored(complete(), withIngress()), "ADDED");
    told();
    of.clusterChanged(green(host(INGRESS_VIP, 6443)), "ADDED");
    expect(told().sort()).toEqual([KEY, "team-b/green"]);
    of.clusterChanged(green(host(INGRESS_VIP, 6443)), "DELETED");
    expect(told().sort()).toEqual([KEY, "team-b/green"]);
  });

  test("tells who else has the address, in any spelling of it", () => {
    const { of, seen } = watch();
    of.clusterChanged(green(host("2001:DB8:0::10", 6443)), "ADDED");
    expect(seen.of("2001:db8::10", clusterFacts(stored()).key)).toMatchObject([{ name: "green" }]);
  });

  test("without a name wakes nobody", () => {
    const { of, told } = watch();
    of.clusterChanged(stored(put("metadata", "name")(undefined)), "ADDED");
    expect(told()).toEqual([]);
  });
});

describe("What a look has read already", () => {
  const facts = watching({ cluster: stored(), claim: claim(owned()), address: address() });
  const tell = (of: ClusterWatch): void => {
    of.clusterChanged(stored(), "ADDED");
    of.claimChanged(claim(owned()), "ADDED");
    of.addressChanged(address(), "ADDED");
  };

  test("wakes nobody when an event tells it afterwards", () => {
    const { of, news, told } = watch();
    news.looked(facts);
    tell(of);
    expect(told()).toEqual([]);
  });

  test("is owed no other look when an event told it while that look was under way", () => {
    const { of, news, told, isOwed } = watch();
    tell(of);
    expect(told()).toEqual([KEY, KEY, KEY]);
    news.looked(facts);
    expect(isOwed()).toBe(false);
  });

  test.each<[string, (of: ClusterWatch) => void]>([
    ["a Cluster", (of) => of.clusterChanged(stored(terminating()), "MODIFIED")],
    ["a claim", (of) => of.claimChanged(claim(owned(), terminating()), "MODIFIED")],
    ["an address", (of) => of.addressChanged(address(terminating()), "MODIFIED")],
    ["a Cluster that is gone", (of) => of.clusterChanged(stored(), "DELETED")],
    ["a claim that is gone", (of) => of.claimChanged(claim(owned()), "DELETED")],
    ["an address that is gone", (of) => of.addressChanged(address(), "DELETED")],
  ])("is not what an event tells of %s later", (_of, change) => {
    const { of, news, told, isOwed } = watch();
    tell(of);
    news.looked(facts);
    told();
    isOwed();
    change(of);
    expect(told()).toEqual([KEY]);
    expect(isOwed()).toBe(true);
  });
});

describe("An event of a claim", () => {
  const knowing = () => {
    const watched = watch();
    watched.of.clusterChanged(stored(), "ADDED");
    watched.told();
    return watched;
  };

  test("GB5 a Cluster wakes on the claim of its ingress as it does on that of its control plane", () => {
    const { of, told } = knowing();
    of.claimChanged(claim(), "ADDED");
    expect(told()).toEqual([KEY]);
    of.claimChanged(ingressClaim(), "ADDED");
    expect(told()).toEqual([KEY]);
    of.claimChanged(ingressClaim(ingressBound), "MODIFIED");
    expect(told()).toEqual([KEY]);
    of.claimChanged(ingressClaim(ingressBound), "DELETED");
    expect(told()).toEqual([KEY]);
  });

  test("GB5 a Cluster wakes on the address of its ingress", () => {
    const { of, told } = knowing();
    of.addressChanged(ingressAddress(), "ADDED");
    expect(told()).toEqual([KEY]);
    of.addressChanged(ingressAddress(terminating()), "MODIFIED");
    expect(told()).toEqual([KEY]);
  });

  test.each([
    ["control plane", claim],
    ["ingress", ingressClaim],
  ])("of a create that is on its way is looked at later, as its Cluster will come: %s", (_role, make) => {
    const { of, told } = watch();
    of.claimChanged(make(), "ADDED");
    expect(told()).toEqual([`${KEY} in 5000 ms`]);
    of.claimChanged(make(owned()), "MODIFIED");
    expect(told()).toEqual([KEY]);
  });

  test("that says the same again wakes nobody", () => {
    const { of, told } = knowing();
    of.claimChanged(claim(), "ADDED");
    told();
    of.claimChanged(claim(put("metadata", "resourceVersion")("201")), "MODIFIED");
    expect(told()).toEqual([]);
  });

  test("that is a stranger's, of a name we need, wakes the Cluster each time", () => {
    const { of, told } = knowing();
    of.claimChanged(claim(strangers), "ADDED");
    of.claimChanged(claim(strangers, put("metadata", "resourceVersion")("201")), "MODIFIED");
    expect(told()).toEqual([KEY, KEY]);
  });

  test("that keeps an address out of its pool wakes nobody, and its address is nobody's", () => {
    const { of, told, seen } = knowing();
    const name = "vip-parked-10-0-0-10";
    const parked = [put("metadata", "name")(name), forRole("parked")];
    of.claimChanged(claim(...parked), "ADDED");
    of.addressChanged(address(...parked, put("spec", "claimRef")({ name })), "ADDED");
    expect(told()).toEqual([]);
    expect(seen.of(VIP, { namespace: "elsewhere", name: "red" })).toEqual([]);
  });
});

describe("An event of an address", () => {
  test("wakes a Cluster elsewhere that has it as its endpoint, and again when it is gone", () => {
    const { of, told } = watch();
    of.clusterChanged(green(host(VIP, 6443)), "ADDED");
    told();
    of.addressChanged(address(), "ADDED");
    expect(told().sort()).toEqual([KEY, "team-b/green"]);
    of.addressChanged(address(), "DELETED");
    expect(told().sort()).toEqual([KEY, "team-b/green"]);
  });

  test("of the Cluster's own VIP wakes nobody else", () => {
    const { of, told } = watch();
    of.clusterChanged(stored(complete()), "ADDED");
    told();
    of.addressChanged(address(), "ADDED");
    expect(told()).toEqual([KEY]);
  });
});

describe("An event of a class", () => {
  test("wakes those of the class, by name and namespace, when it says something else", () => {
    const { of, woken } = watch();
    const ours: Interest = { kind: "class", class: { namespace: NAMESPACE, name: CLASS } };
    const others: Interest = { kind: "class", class: { namespace: "team-b", name: CLASS } };
    of.classChanged(clusterClass(wantsVip), "ADDED");
    expect(woken(ours, others, wish("ingress"))).toEqual([ours]);
    of.classChanged(clusterClass(wantsVip), "MODIFIED");
    expect(woken(ours)).toEqual([]);
    of.classChanged(clusterClass(wantsBoth), "MODIFIED");
    expect(woken(ours)).toEqual([ours]);
  });
});

describe("An event of a pool", () => {
  test("wakes those whose role it serves", () => {
    const { of, woken } = watch();
    of.poolChanged(ingressPool("web"), "ADDED");
    expect(woken(wish("control-plane"), wish("ingress"))).toEqual([wish("ingress")]);
    of.poolChanged(ingressPool("web", free(5)), "MODIFIED");
    expect(woken(wish("ingress"))).toEqual([]);
    of.poolChanged(ingressPool("web", free(0)), "MODIFIED");
    expect(woken(wish("ingress"))).toEqual([wish("ingress")]);
  });

  test("wakes those with an unreserved address that it has, whomever it serves", () => {
    const { of, woken } = watch();
    const interests = [unreserved(VIP), unreserved(OTHER_IP), unreserved(VIP, "team-b")];
    of.poolChanged(pool("own", forRole("none")), "ADDED");
    expect(woken(...interests)).toEqual([unreserved(VIP)]);
    of.poolChanged(globalPool("all"), "ADDED");
    expect(woken(...interests)).toEqual([unreserved(VIP), unreserved(VIP, "team-b")]);
    of.poolChanged(pool("own", forRole("none"), giving(OTHER_IP)), "MODIFIED");
    expect(woken(...interests)).toEqual([unreserved(OTHER_IP)]);
  });

  test("says which other it shares addresses with, once", () => {
    const { of, told } = watch();
    of.poolChanged(pool("own"), "ADDED");
    of.poolChanged(pool("more"), "ADDED");
    of.poolChanged(pool("more", free(0)), "MODIFIED");
    expect(told()).toEqual([
      "InClusterIPPool more in team-a and InClusterIPPool own in team-a share 10.0.0.10-10.0.0.19",
    ]);
  });

  test("of a kind that is no pool wakes nobody", () => {
    const { of, woken } = watch();
    of.poolChanged({ ...pool("own"), kind: "Secret" }, "ADDED");
    of.poolChanged({ ...pool("own"), apiVersion: "example.org/v1" }, "ADDED");
    expect(woken(wish("control-plane"))).toEqual([]);
  });
});
