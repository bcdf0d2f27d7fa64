/** A change is data; applying it creates what is missing and touches nothing else. */
import { applyPatch, compare } from "fast-json-patch";
import { HOLD, OUR_PAUSE, PAUSED } from "../../../lib/core/contract";
import { applyEdit, hold, isEmpty, mergeEdits, NO_EDIT, unpause, type Edit } from "../../../lib/core/edit";
import type { KubeObject } from "../../../lib/core/facts";
import {
  annotated,
  cluster,
  deepFreeze,
  endpoint,
  held,
  labelled,
  put,
  variable,
  variables,
  VARIABLE,
  VIP,
  VIP_ANNOTATION,
} from "../../gen/objects";

const everything: Edit = {
  endpoint: { host: VIP, port: 6443 },
  variables: { [VARIABLE]: VIP },
  annotations: { [VIP_ANNOTATION]: VIP, [HOLD]: null, [PAUSED]: null },
};

/** What the API server would have after our JSON patch. */
function patched(before: KubeObject, edit: Edit): KubeObject {
  const after = applyEdit(before, edit);
  const operations = compare(before, after);
  expect(applyPatch(structuredClone(before), operations, true).newDocument).toEqual(after);
  return after;
}

describe("Applying a change", () => {
  test("creates annotations and variables where there are none", () => {
    const after = patched(cluster(), everything);
    expect(after.metadata.annotations).toEqual({ [VIP_ANNOTATION]: VIP });
    expect(after["spec"]).toMatchObject({
      controlPlaneEndpoint: { host: VIP, port: 6443 },
      topology: { classRef: { name: "rke2" }, variables: [{ name: VARIABLE, value: VIP }] },
    });
  });

  test("replaces the entry that Cluster API defaulted, and keeps the others in their order", () => {
    const before = cluster(variables({ first: 1, [VARIABLE]: "", last: { deep: true } }));
    expect(patched(before, everything)["spec"]).toMatchObject({
      topology: {
        variables: [
          { name: "first", value: 1 },
          { name: VARIABLE, value: VIP },
          { name: "last", value: { deep: true } },
        ],
      },
    });
  });

  test("keeps the fields of an endpoint that it does not name", () => {
    const after = patched(cluster(endpoint({ port: 7443 })), { endpoint: { host: VIP } });
    expect(after["spec"]).toMatchObject({ controlPlaneEndpoint: { host: VIP, port: 7443 } });
  });

  test("takes annotations away and keeps the others", () => {
    const after = patched(cluster(held("PoolExhausted"), annotated("team", "a")), everything);
    expect(after.metadata.annotations).toEqual({ team: "a", [VIP_ANNOTATION]: VIP });
  });

  test("takes nothing away where no annotation is", () => {
    const after = patched(cluster(), { annotations: { [HOLD]: null } });
    expect(compare(cluster(), after)).toEqual([]);
  });

  test("writes, changes and takes away labels, and keeps the others", () => {
    const before = cluster(labelled("team", "a"), labelled("old", "1"), labelled("gone", "1"));
    const after = patched(before, { labels: { old: "2", new: "3", gone: null, never: null } });
    expect(after.metadata.labels).toEqual({ team: "a", old: "2", new: "3" });
    expect(after.metadata.annotations).toBeUndefined();
  });

  test("creates labels where there are none, and takes nothing away there", () => {
    expect(patched(cluster(), { labels: { new: "1" } }).metadata.labels).toEqual({ new: "1" });
    expect(compare(cluster(), patched(cluster(), { labels: { gone: null } }))).toEqual([]);
  });

  test("takes the entry of a variable away, and keeps the others in their order", () => {
    const before = cluster(variables({ first: 1, [VARIABLE]: VIP, last: { deep: true } }));
    expect(patched(before, { variables: { [VARIABLE]: null } })["spec"]).toMatchObject({
      topology: {
        variables: [
          { name: "first", value: 1 },
          { name: "last", value: { deep: true } },
        ],
      },
    });
  });

  test("takes no variable away where there is none", () => {
    const after = patched(cluster(), { variables: { [VARIABLE]: null } });
    expect(compare(cluster(), after)).toEqual([]);
  });

  test.each([["text"], [[]], [7]])("leaves the endpoint %j for the API server to refuse", (junk) => {
    expect(patched(cluster(endpoint(junk)), everything)["spec"]).toMatchObject({
      controlPlaneEndpoint: junk,
    });
  });

  test("creates a spec where there is none", () => {
    const bare: KubeObject = { metadata: { name: "blue" } };
    expect(patched(bare, everything)).toMatchObject({
      spec: {
        controlPlaneEndpoint: { host: VIP },
        topology: { variables: [{ name: VARIABLE, value: VIP }] },
      },
    });
  });

  test("names a Cluster", () => {
    expect(patched(cluster(), { name: "blue-x7k2q" }).metadata.name).toBe("blue-x7k2q");
  });

  test("never changes what it was given", () => {
    const before = cluster(variable(""), held("PoolExhausted"));
    const copy = structuredClone(before);
    applyEdit(before, deepFreeze(structuredClone(everything)));
    expect(before).toEqual(copy);
  });

  test("twice is the same as once", () => {
    const once = applyEdit(cluster(variable("")), everything);
    expect(applyEdit(once, everything)).toEqual(once);
  });

  test("an empty change changes nothing", () => {
    expect(compare(cluster(), patched(cluster(), NO_EDIT))).toEqual([]);
    expect(isEmpty(NO_EDIT)).toBe(true);
    expect(isEmpty(everything)).toBe(false);
  });
});

describe("Two changes together", () => {
  test("add up, and where they name the same thing the second one counts", () => {
    expect(
      mergeEdits(
        { name: "blue", endpoint: { host: VIP }, annotations: { a: "1", b: "1" }, labels: { l: "1" } },
        {
          endpoint: { port: 6443 },
          variables: { [VARIABLE]: VIP },
          annotations: { b: null },
          labels: { l: "2", m: null },
        },
      ),
    ).toEqual({
      name: "blue",
      endpoint: { host: VIP, port: 6443 },
      variables: { [VARIABLE]: VIP },
      annotations: { a: "1", b: null },
      labels: { l: "2", m: null },
    });
  });

  test("are empty when both are", () => {
    expect(mergeEdits(NO_EDIT, NO_EDIT)).toEqual(NO_EDIT);
  });
});

describe("Holding and letting go", () => {
  test("a hold pauses a Cluster that nobody pauses", () => {
    expect(hold({}, "PoolExhausted")).toEqual({
      annotations: { [HOLD]: "PoolExhausted", [PAUSED]: OUR_PAUSE },
    });
  });

  test.each(["true", "", OUR_PAUSE])("a hold leaves the pause %j as it stands", (pause) => {
    expect(hold({ [PAUSED]: pause }, "PoolExhausted")).toEqual({ annotations: { [HOLD]: "PoolExhausted" } });
  });

  test("only our own pause is taken off", () => {
    expect(unpause({ [HOLD]: "x", [PAUSED]: OUR_PAUSE }, null)).toEqual({
      annotations: { [HOLD]: null, [PAUSED]: null },
    });
    expect(unpause({ [HOLD]: "x", [PAUSED]: "true" }, null)).toEqual({ annotations: { [HOLD]: null } });
  });

  test("a pause set by field is nowhere in a change", () => {
    const paused = cluster(put("spec", "paused")(true));
    expect(applyEdit(paused, hold({}, "x"))["spec"]).toEqual(paused["spec"]);
  });
});
