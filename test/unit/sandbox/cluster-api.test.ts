import { readFileSync } from "node:fs";
import { join } from "node:path";
import { clusterApis, clusterApiVersion } from "../../../sandbox/cluster-api";

const [usual, ...others] = Object.keys(clusterApis);

test("without a word the sandbox runs the first version of the table", () => {
  expect([clusterApiVersion(undefined), clusterApiVersion("")]).toEqual([usual, usual]);
});

test("a version that the table does not know is refused, and those that it knows are named", () => {
  expect(() => clusterApiVersion("v1.2.3")).toThrow(
    `CLUSTER_API is v1.2.3, but the sandbox knows only ${[usual, ...others].join(" and ")}`,
  );
});

test.each(Object.entries(clusterApis))("%s can be asked for, and its go.mod pins it", (version, pins) => {
  expect(clusterApiVersion(version)).toBe(version);
  const goMod = readFileSync(join(__dirname, "../../../sandbox/toolchain", pins.module, "go.mod"), "utf8");
  expect(goMod).toContain(`sigs.k8s.io/cluster-api ${version}\n`);
  expect(goMod).toContain(`sigs.k8s.io/cluster-api/test ${pins.capd}\n`);
});
