/** Objects are not trusted: what has not the expected type counts as absent. */
import fc from "fast-check";
import {
  addressFacts,
  claimFacts,
  classFacts,
  clusterFacts,
  poolFacts,
} from "../../../lib/adapters/kube-objects";
import { RESERVED_AT } from "../../../lib/core/contract";
import type { KubeObject } from "../../../lib/core/facts";
import { CONTROL_PLANE } from "../../../lib/core/roles";
import { poolOf } from "../../gen/facts";
import {
  address,
  annotated,
  bound,
  CLAIM,
  claim,
  cluster,
  clusterClass,
  clusterLabelled,
  created,
  deepFreeze,
  defining,
  endpoint,
  FORMER_UID,
  free,
  globalPool,
  host,
  initialized,
  labelled,
  minutes,
  NOW,
  ofClass,
  owned,
  pausedByField,
  pool,
  put,
  rendered,
  reservedSince,
  running,
  saying,
  secured,
  stored,
  strangers,
  terminating,
  UID,
  variables,
  VIP,
} from "../../gen/objects";

const JUNK = [null, 0, 7, "", "text", true, [], [null], {}, { deep: { er: [] } }, Number.NaN];
const claimOf = (object: KubeObject, seenAt = 0): ReturnType<typeof claimFacts> =>
  claimFacts(object, CONTROL_PLANE, seenAt, Date.now());

describe("A Cluster", () => {
  test("says what it says", () => {
    const object = stored(
      host(VIP, 6443),
      variables({ clusterVip: VIP, workers: 3 }),
      rendered,
      running,
      pausedByField,
      put("spec", "clusterNetwork", "apiServerPort")(8443),
      put("spec", "clusterNetwork", "pods")({ cidrBlocks: ["10.244.0.0/16"] }),
      annotated("team", "a"),
      labelled("team", "b"),
      terminating(),
      put("metadata", "generation")(7),
    );
    expect(clusterFacts(object)).toEqual({
      source: object,
      key: { namespace: "team-a", name: "blue" },
      uid: UID,
      deleting: true,
      class: { namespace: "team-a", name: "rke2" },
      variables: new Map<string, unknown>([
        ["clusterVip", VIP],
        ["workers", 3],
      ]),
      endpoint: { host: VIP, port: 6443 },
      apiServerPort: 8443,
      hasRefs: true,
      started: true,
      annotations: { team: "a" },
      labels: { team: "b" },
      specPaused: true,
      networks: ["10.244.0.0/16", "10.96.0.0/16"],
      generation: 7,
      conditions: [],
    });
  });

  test("says the conditions of ours, whole ones only, and nobody else's", () => {
    const whole = { type: "IngressVIPReady", status: "True", reason: "Assigned" };
    const said = [
      { ...whole, message: "words", observedGeneration: 3, lastTransitionTime: "2026-06-01T12:00:00Z" },
      { ...whole, type: "ControlPlaneVIPReady" },
      { ...whole, type: "Available" },
      { ...whole, status: "Perhaps" },
      { ...whole, reason: 7 },
      "nonsense",
    ];
    expect(clusterFacts(cluster(put("status", "conditions")(said))).conditions).toEqual([
      { ...whole, message: "words", observedGeneration: 3, since: "2026-06-01T12:00:00Z" },
      {
        ...whole,
        type: "ControlPlaneVIPReady",
        message: "",
        observedGeneration: undefined,
        since: undefined,
      },
    ]);
    expect(clusterFacts(cluster(put("status", "conditions")("nonsense"))).conditions).toEqual([]);
  });

  test("keeps the very object it was read from, for the write", () => {
    const object = cluster();
    expect(clusterFacts(object).source).toBe(object);
  });

  test("of a request without a namespace has the request's", () => {
    const facts = clusterFacts(cluster(put("metadata", "namespace")(undefined)), "team-b");
    expect(facts.key.namespace).toBe("team-b");
    expect(facts.class?.namespace).toBe("team-b");
  });

  test("names a class of another namespace", () => {
    expect(clusterFacts(cluster(ofClass("rke2", "shared"))).class).toEqual({
      namespace: "shared",
      name: "rke2",
    });
  });

  test("with v1beta2's zero values has no endpoint, no port and no references", () => {
    const facts = clusterFacts(
      cluster(
        endpoint({ host: "", port: 0 }),
        put("spec", "clusterNetwork")({ apiServerPort: 0 }),
        put("spec", "infrastructureRef")({}),
        put("spec", "controlPlaneRef")(null),
        put("status", "controlPlane")({ replicas: 0 }),
        put("status", "initialization")({ controlPlaneInitialized: false }),
      ),
    );
    expect(facts).toMatchObject({ networks: [], apiServerPort: undefined, hasRefs: false, started: false });
    expect(facts.endpoint).toEqual({ host: undefined, port: undefined });
  });

  test("has started once it is initialized, whatever its replicas say", () => {
    expect(clusterFacts(stored(initialized)).started).toBe(true);
  });

  test.each(
    ["paused", "clusterNetwork", "controlPlaneEndpoint"].flatMap((field) =>
      JUNK.map((junk) => [field, junk]),
    ),
  )("with %s: %j is read as if it were not there", (field, junk) => {
    const read = clusterFacts(cluster(put("spec", String(field))(junk)));
    expect(read.endpoint).toEqual({ host: undefined, port: undefined });
    expect(read.class).toEqual({ namespace: "team-a", name: "rke2" });
  });

  test("without a spec, or with none that is one, has no class", () => {
    for (const junk of [undefined, ...JUNK])
      expect(clusterFacts(cluster(put("spec")(junk))).class).toBeUndefined();
  });

  test("with huge and foreign text is read as it is", () => {
    const long = "ß名🦊".repeat(50_000);
    const facts = clusterFacts(cluster(annotated("note", long), variables({ [long]: long })));
    expect(facts.annotations["note"]).toBe(long);
    expect(facts.variables.get(long)).toBe(long);
  });

  test("with names from JavaScript's own cupboard harms nobody", () => {
    const object = JSON.parse(
      '{"metadata":{"name":"blue","annotations":{"__proto__":"x","constructor":"y"}},"spec":{"topology":' +
        '{"classRef":{"name":"rke2"},"variables":[{"name":"__proto__","value":{"polluted":true}}]}}}',
    ) as KubeObject;
    expect(clusterFacts(object).variables.get("__proto__")).toEqual({ polluted: true });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("A ClusterClass", () => {
  const names = (object: KubeObject): [string, string | undefined][] =>
    [...classFacts(object).strings].map(([name, variable]) => [name, variable.default]);

  test.each([
    [{ description: "The VIP", example: "10.0.0.1", default: "" }, false],
    [{ pattern: "^10[.]" }, true],
    [{ format: "ipv6" }, false],
    [{ format: "hostname" }, true],
    [{ enum: ["10.0.0.1"] }, true],
    [{ maxLength: 5 }, true],
    [{ "x-kubernetes-validations": [{ rule: "self != ''" }] }, true],
  ])("whose variable says %j restricts what it may hold: %s", (schema, restricted) => {
    const object = clusterClass(defining({ name: "clusterVip", type: "string", ...schema }));
    expect(classFacts(object).strings.get("clusterVip")?.restricted).toBe(restricted);
  });

  test("offers the variables that are strings, with their defaults", () => {
    const object = clusterClass(
      defining(
        { name: "clusterVip", type: "string" },
        { name: "region", type: "string", default: "eu" },
        { name: "odd", type: "string", default: 7 },
        { name: "workers", type: "integer", default: 3 },
        { name: "untyped" },
      ),
    );
    expect(names(object)).toEqual([
      ["clusterVip", undefined],
      ["region", "eu"],
      ["odd", undefined],
    ]);
  });

  test("goes by its status once it has one, for patches from outside define variables there", () => {
    const spec = put("spec", "variables")([{ name: "old", schema: { openAPIV3Schema: { type: "string" } } }]);
    expect(names(clusterClass(spec))).toEqual([["old", undefined]]);
    expect(names(clusterClass(spec, defining({ name: "new", type: "string" })))).toEqual([
      ["new", undefined],
    ]);
    expect(names(clusterClass(spec, defining()))).toEqual([]);
  });

  test.each(JUNK)("with %j for its parts offers nothing", (junk) => {
    expect(names(clusterClass(put("spec")(junk), put("status")(junk)))).toEqual([]);
    expect(names(clusterClass(put("spec", "variables")(junk)))).toEqual([]);
    expect(names(clusterClass(put("status", "variables")(junk)))).toEqual([]);
  });
});

describe("A pool", () => {
  test("says what it says", () => {
    expect(poolOf(pool("own", free(3), terminating()))).toMatchObject({
      ref: { apiGroup: "ipam.cluster.x-k8s.io", kind: "InClusterIPPool", name: "own" },
      namespace: "team-a",
      deleting: true,
      free: 3,
    });
  });

  test("that is global belongs to no namespace, even if it names one", () => {
    expect(poolOf(globalPool("everybody", put("metadata", "namespace")("odd"))).namespace).toBeUndefined();
  });

  test.each(JUNK)("with %j for a status has not been counted", (junk) => {
    expect(poolOf(pool("own", put("status")(junk))).free).toBeUndefined();
  });

  test("with labels that are no text has none", () => {
    expect(poolOf(pool("own", put("metadata", "labels")({ a: 7 }))).labels).toEqual({});
  });
});

describe("A claim", () => {
  test("says what it says", () => {
    const object = claim(bound, owned(FORMER_UID), clusterLabelled, terminating());
    expect(claimOf(object)).toMatchObject({
      source: object,
      name: CLAIM,
      uid: "uid-claim",
      deleting: true,
      ours: true,
      pool: { apiGroup: "ipam.cluster.x-k8s.io", kind: "InClusterIPPool", name: "own" },
      owner: { uid: FORMER_UID, controller: true },
      labelled: true,
      addressName: CLAIM,
    });
  });

  test("is not ours without the role's label", () => {
    expect(claimOf(claim(strangers)).ours).toBe(false);
  });

  test("belongs to its controller, else to whoever owns it", () => {
    const owner = (uid: string, controller?: boolean): object => ({
      apiVersion: "v1",
      kind: "Thing",
      name: uid,
      uid,
      ...(controller && { controller }),
    });
    const owners = put("metadata", "ownerReferences");
    expect(claimOf(claim(owners([owner("a"), owner("b", true)]))).owner?.uid).toBe("b");
    expect(claimOf(claim(owners([owner("a"), owner("b")]))).owner?.uid).toBe("a");
    expect(claimOf(claim(owners([]))).owner).toBeUndefined();
  });

  test("is as young as its youngest sign", () => {
    expect(claimOf(claim(created(minutes(9)))).youngest).toBe(NOW - minutes(9));
    expect(claimOf(claim(created(minutes(9)), reservedSince(minutes(3)))).youngest).toBe(NOW - minutes(3));
    expect(claimOf(claim(created(minutes(9))), NOW - minutes(1)).youngest).toBe(NOW - minutes(1));
  });

  test("with a time that is none is as young as its other signs", () => {
    const object = claim(created(minutes(9)), annotated(RESERVED_AT, "yesterday"));
    expect(claimOf(object).youngest).toBe(NOW - minutes(9));
  });

  test("with a reservation far in the future is not kept for ever", () => {
    const object = claim(created(minutes(9)), annotated(RESERVED_AT, "9999-01-01T00:00:00Z"));
    expect(claimOf(object, NOW).youngest).toBeLessThanOrEqual(NOW);
  });

  test("without an address's name is not bound", () => {
    for (const junk of [undefined, "", 7, {}, null])
      expect(claimOf(claim(put("status", "addressRef", "name")(junk))).addressName).toBeUndefined();
  });
});

describe("An address", () => {
  test("says what it says", () => {
    const object = address(secured(), terminating(minutes(2)));
    expect(addressFacts(object)).toEqual({
      source: object,
      name: CLAIM,
      address: VIP,
      text: VIP,
      deletingSince: NOW - minutes(2),
      inUse: true,
      clusterUid: UID,
      labelled: true,
      pinnedAt: undefined,
      pool: { apiGroup: "ipam.cluster.x-k8s.io", kind: "InClusterIPPool", name: "own" },
      claimName: CLAIM,
    });
  });

  test("is canonical, and the text is kept as it came", () => {
    const facts = addressFacts(address(saying("2001:0DB8::1")));
    expect(facts).toMatchObject({ address: "2001:db8::1", text: "2001:0DB8::1" });
  });

  test.each(["10.0.0.10/24", "010.0.0.1", "name", ""])("that says %j is none", (text) => {
    expect(addressFacts(address(saying(text))).address).toBeUndefined();
  });

  test("that is a novel is quoted in part", () => {
    expect(addressFacts(address(saying("x".repeat(100_000)))).text).toHaveLength(64);
  });

  test("is going even if the time says nothing", () => {
    const facts = addressFacts(address(put("metadata", "deletionTimestamp")("soon")));
    expect(facts.deletingSince).toBeDefined();
  });
});

describe("Whatever the parts of an object are", () => {
  const metadata = fc.record(
    {
      name: fc.anything(),
      namespace: fc.anything(),
      labels: fc.anything(),
      annotations: fc.anything(),
      finalizers: fc.anything(),
      ownerReferences: fc.anything(),
      deletionTimestamp: fc.anything(),
    },
    { requiredKeys: [] },
  );
  const object = fc.record({ metadata, spec: fc.anything(), status: fc.anything() });

  test("reading it never fails, and never changes it", () => {
    fc.assert(
      fc.property(object, (any) => {
        const read = deepFreeze(any) as unknown as KubeObject;
        clusterFacts(read);
        classFacts(read);
        claimOf(read);
        addressFacts(read);
        poolFacts(read, { group: "g", kind: "k", namespaced: true });
      }),
    );
  });
});
