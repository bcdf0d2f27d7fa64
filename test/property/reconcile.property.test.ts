/** Pass after pass, every Cluster comes to rest, and stays there. */
import { address, annotated, bound, claim, held, owned, put, secured, stored, VIP } from "../gen/objects";
import fc from "fast-check";
import { reconcile } from "../../lib/flows/reconcile";
import { valueOf, type Facts } from "../../lib/core/facts";
import { Stage } from "../fakes/stage";
import { storedWorlds } from "../gen/arbitrary";

const look = (stage: Stage): ReturnType<typeof reconcile> => reconcile(Stage.key, stage.ports);
const gather = (stage: Stage): Promise<Facts> => stage.ports.inventory.gather(Stage.key);

test("a Cluster comes to rest within one pass, and the next pass writes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(storedWorlds, async (objects) => {
      const stage = new Stage(objects);
      const back = await look(stage);
      fc.pre(back.kind === "rest");
      const { length } = stage.writes;
      await look(stage);
      expect(stage.writes.slice(length)).toEqual([]);
    }),
    { numRuns: 250 },
  );
});

test("a Cluster whose objects can all be read needs no second try", async () => {
  await fc.assert(
    fc.asyncProperty(storedWorlds, async (objects) => {
      const stage = new Stage(objects);
      const { roles, class: aClass, pools } = await gather(stage);
      fc.pre(
        [aClass, pools, ...roles.flatMap(({ claim, address }) => [claim, address])].every(
          (read) => read.state !== "unread",
        ),
      );
      expect((await look(stage)).kind).toBe("rest");
    }),
    { numRuns: 250 },
  );
});

test("a host that stood before still stands, and an address that is the host is never freed", async () => {
  await fc.assert(
    fc.asyncProperty(storedWorlds, async (objects) => {
      const stage = new Stage(objects);
      const before = valueOf((await gather(stage)).cluster)?.endpoint.host;
      const addressBefore = stage.get("address");
      await look(stage);
      fc.pre(before !== undefined);
      expect(valueOf((await gather(stage)).cluster)?.endpoint.host).toBe(before);
      if ((addressBefore?.["spec"] as { address?: string } | undefined)?.address === before)
        expect(stage.get("address")).toBeDefined();
    }),
    { numRuns: 250 },
  );
});

test("GB7 what somebody writes between our read and our write is not lost", async () => {
  const stage = new Stage({
    cluster: stored(held("WaitingForAddress")),
    claim: claim(bound, owned()),
    address: address(secured()),
  });
  stage.beforeNext("write", () =>
    stage.set(
      "cluster",
      stored(held("WaitingForAddress"), annotated("theirs"), put("metadata", "resourceVersion")("101")),
    ),
  );
  expect((await look(stage)).kind).toBe("rest");
  expect(stage.records.map(({ outcome }) => outcome)).toContain("conflict");
  expect(stage.get("cluster")).toMatchObject({
    metadata: { annotations: { theirs: "true" } },
    spec: { controlPlaneEndpoint: { host: VIP } },
  });
});
