/** Pass after pass, every Cluster comes to rest, and stays there. */
import fc from "fast-check";
import { reconcile } from "../../lib/flows/reconcile";
import { valueOf } from "../../lib/core/facts";
import { World } from "../fakes/world";
import { storedWorlds } from "../gen/arbitrary";
import { NAME, NAMESPACE } from "../gen/objects";

const key = { namespace: NAMESPACE, name: NAME };
const look = (world: World): ReturnType<typeof reconcile> =>
  reconcile(key, { inventory: world, executor: world, journal: world });

test("a Cluster comes to rest within one pass, and the next pass writes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(storedWorlds, async (objects) => {
      const world = new World(objects);
      const back = await look(world);
      fc.pre(back.kind === "rest");
      const { length } = world.writes;
      await look(world);
      expect(world.writes.slice(length)).toEqual([]);
    }),
    { numRuns: 250 },
  );
});

test("a Cluster whose objects can all be read needs no second try", async () => {
  await fc.assert(
    fc.asyncProperty(storedWorlds, async (objects) => {
      const world = new World(objects);
      const { roles, class: aClass, pools } = await world.gather(key);
      fc.pre(
        [aClass, pools, ...roles.flatMap(({ claim, address }) => [claim, address])].every(
          (read) => read.state !== "unread",
        ),
      );
      expect((await look(world)).kind).toBe("rest");
    }),
    { numRuns: 250 },
  );
});

test("a host that stood before still stands, and an address that is the host is never freed", async () => {
  await fc.assert(
    fc.asyncProperty(storedWorlds, async (objects) => {
      const world = new World(objects);
      const before = valueOf((await world.gather(key)).cluster)?.endpoint.host;
      const addressBefore = world.get("address");
      await look(world);
      fc.pre(before !== undefined);
      expect(valueOf((await world.gather(key)).cluster)?.endpoint.host).toBe(before);
      if ((addressBefore?.["spec"] as { address?: string } | undefined)?.address === before)
        expect(world.get("address")).toBeDefined();
    }),
    { numRuns: 250 },
  );
});
