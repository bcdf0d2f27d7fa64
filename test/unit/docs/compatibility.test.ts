import { dependencies } from "../../../package.json";
import { clusterApis } from "../../../sandbox/cluster-api";
import { versions } from "../../../sandbox/versions";
import { README } from "../../support/readme";

const section = /^## Compatibility$(.*?)^## /ms.exec(README)?.[1] ?? "";

/** What stands in the second column beside this in the first. */
const ran = (what: string): string[] =>
  [...section.matchAll(/^\| (.+?) +\| `(.+?)` +\|/gm)].flatMap(([, of, version = ""]) =>
    of === what ? [version] : [],
  );

test.each([
  ["Cluster API", Object.keys(clusterApis)],
  ["Kubernetes", [versions.kubernetes]],
  ["in-cluster IPAM provider", [versions.inClusterIpam]],
  ["Pepr", [`v${dependencies.pepr}`]],
])("the README says which versions of %s are run", (what, all) => {
  expect(ran(what)).toEqual(all);
});
