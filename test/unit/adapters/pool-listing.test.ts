/** Which pools there are, of kinds that a person has named. */
import { RequestFailed } from "../../../lib/adapters/client";
import { IN_CLUSTER_POOLS, type Resource } from "../../../lib/adapters/kinds";
import { listPools } from "../../../lib/adapters/pool-listing";
import type { KubeObject } from "../../../lib/core/facts";
import { choosePool } from "../../../lib/core/pool-choice";

const EXAMPLE: Resource = {
  group: "ipam.example.org",
  version: "v1",
  kind: "ExamplePool",
  plural: "examplepools",
  namespaced: true,
};

const examplePool: KubeObject = {
  apiVersion: "ipam.example.org/v1",
  kind: "ExamplePool",
  metadata: {
    name: "vips",
    namespace: "team",
    labels: {
      "vip.capi.gorizond.io/cluster-class": "lab",
      "vip.capi.gorizond.io/role": "control-plane",
    },
  },
};

const pools = (answer: (of: Resource) => readonly KubeObject[], kind = EXAMPLE) =>
  listPools({ list: async (of: Resource) => answer(of) }, [...IN_CLUSTER_POOLS, kind]);

const onlyOf =
  (kind: Resource, ...objects: readonly KubeObject[]) =>
  (of: Resource): readonly KubeObject[] =>
    of === kind ? objects : [];

describe("A pool of a kind that a setting names", () => {
  test("needs no status, and is named to a claim by group, kind and name", async () => {
    const listed = await pools(onlyOf(EXAMPLE, examplePool));
    expect(listed).toMatchObject({
      state: "found",
      value: [{ namespace: "team", deleting: false, free: undefined }],
    });
    const wish = { namespace: "team", className: "lab", role: "control-plane" };
    expect(choosePool(listed.state === "found" ? listed.value : [], wish).chosen?.ref).toEqual({
      apiGroup: "ipam.example.org",
      kind: "ExamplePool",
      name: "vips",
    });
  });

  test("is unread, and with it all pools, where the API server does not have its kind", async () => {
    const answer = (of: Resource): KubeObject[] => {
      if (of === EXAMPLE) throw new RequestFailed(404, undefined);
      return [];
    };
    expect(await pools(answer)).toEqual({
      state: "unread",
      why: "the API server has no examplepools.ipam.example.org in the version v1",
    });
  });

  test("is unread in the API server's words where it may not be read", async () => {
    const message =
      'examplepools.ipam.example.org is forbidden: User "a" cannot list resource "examplepools"';
    const answer = (of: Resource): KubeObject[] => {
      if (of === EXAMPLE) throw new RequestFailed(403, { message });
      return [];
    };
    expect(await pools(answer)).toEqual({ state: "unread", why: message });
  });

  test("is unread where the setting has its kind or its scope wrong", async () => {
    const misspelt = { ...EXAMPLE, kind: "ExamplePol" };
    expect(await pools(onlyOf(misspelt, examplePool), misspelt)).toEqual({
      state: "unread",
      why: "examplepools.ipam.example.org are of the kind ExamplePool, and are read as ExamplePol",
    });
    const global = { ...EXAMPLE, namespaced: false };
    expect(await pools(onlyOf(global, examplePool), global)).toEqual({
      state: "unread",
      why: "examplepools.ipam.example.org live in namespaces, and are read as if they did not",
    });
  });
});
