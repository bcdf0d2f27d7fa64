import { gzipSync } from "node:zlib";
import { createHash } from "node:crypto";
import { textOf } from "../../../scripts/build-failure";
import type { WebhookConfiguration } from "../../../scripts/chart-values";
import { withOrder, withTimeoutBounds } from "../../../scripts/chart-schema";
import {
  checkFirstManifest,
  checkObjects,
  checkOrder,
  checkRules,
  checkStoreNames,
  expectedObjects,
} from "../../../scripts/expectations";
import { changeObject, objectsOf, replaceObject, type KubeObject } from "../../../scripts/manifest";
import { checkModule, SECRET_LIMIT } from "../../../scripts/module-secret";
import { configurationsOf } from "../../../scripts/webhook-order";

const object = (text: string): KubeObject => {
  const [kind = "", name = ""] = text.split(" ");
  return { apiVersion: "v1", kind, metadata: { name } };
};
const rule = { apiGroups: ["a"], resources: ["things"], verbs: ["get"] };

describe("The objects of a build", () => {
  const objects = expectedObjects("pepr-some").map(object);

  test("are accepted when complete, in any order", () => {
    expect(checkObjects([...objects].reverse(), "pepr-some")).toEqual([]);
  });

  test("are refused when one is missing", () => {
    expect(checkObjects(objects.slice(1), "pepr-some")).toHaveLength(1);
  });

  test("GB12: are refused when there is one that nobody expects", () => {
    const more = [...objects, object("ValidatingWebhookConfiguration pepr-some")];
    expect(checkObjects(more, "pepr-some")).toHaveLength(1);
  });
});

describe("The manifest that is asked before Cluster API", () => {
  const plain = expectedObjects("pepr-some").map(object);
  const webhook = {
    ...object("MutatingWebhookConfiguration pepr-some"),
    webhooks: [{ rules: [{ operations: ["CREATE", "UPDATE"] }] }],
  } as unknown as WebhookConfiguration;
  const first = [...plain.slice(0, -1), ...configurationsOf(webhook, true)];

  test("is accepted with one webhook configuration more and all else the same", () => {
    expect(checkFirstManifest(first, plain)).toEqual([]);
    expect(checkFirstManifest(plain, plain)).toHaveLength(1);
    expect(checkFirstManifest(first.slice(1), plain)).toHaveLength(2);
  });

  test("has its two configurations on either side of Cluster API's", () => {
    const configurations = configurationsOf(webhook, true);
    expect(checkOrder(configurations, "pepr-some")).toEqual([]);
    expect(checkOrder([...configurations].reverse(), "pepr-some")).toHaveLength(1);
    expect(checkOrder(configurationsOf(webhook, false), "pepr-some")).toHaveLength(2);
  });

  test("is refused when the module is named so that both come before Cluster API", () => {
    const named = { ...webhook, metadata: { name: "a-module" } };
    expect(checkOrder(configurationsOf(named, true), "a-module").map(({ what }) => what)).toEqual([
      "their order and Cluster API's",
    ]);
  });

  test("looks at a create first, and at an update first and later", () => {
    const operations = configurationsOf(webhook, true).map(
      ({ webhooks }) => webhooks[0]?.rules[0]?.operations,
    );
    expect(operations).toEqual([["CREATE", "UPDATE"], ["UPDATE"]]);
    expect(configurationsOf(webhook, false)).toEqual([webhook]);
  });
});

describe("The rules of a build", () => {
  test("are accepted when they are those of package.json", () => {
    expect(checkRules([rule], [rule])).toEqual([]);
  });

  test("are refused when Pepr added one, or a verb, or left one out", () => {
    const other = { ...rule, resources: ["others"] };
    const more = { ...rule, verbs: ["get", "patch"] };
    expect(checkRules([rule, other], [rule])).toEqual([expect.objectContaining({ found: [other] })]);
    expect(checkRules([rule], [rule, other])).toEqual([expect.objectContaining({ found: [other] })]);
    expect(checkRules([more], [rule]).map(({ found }) => found)).toEqual([[rule], [more]]);
  });

  test("are refused with a wildcard, even when package.json asks for it", () => {
    const wild = { ...rule, resources: ["*"] };
    expect(checkRules([wild], [wild])).toHaveLength(1);
  });

  test("are refused when they allow another module's store", () => {
    const stores = { ...rule, resources: ["peprstores"] };
    const ours = { ...stores, resourceNames: ["pepr-some-store", "pepr-some-schedule"] };
    expect(checkStoreNames([rule, ours], "pepr-some")).toEqual([]);
    expect(checkStoreNames([ours], "pepr-renamed")).toHaveLength(1);
    expect(checkStoreNames([stores], "pepr-some")).toHaveLength(1);
  });
});

describe("The module's Secret", () => {
  const script = Buffer.from("the script");
  const hash = createHash("sha256").update(script).digest("hex");
  const secret = (key: string, text: string): KubeObject => ({
    ...object("Secret pepr-some-module"),
    data: { [key]: text },
  });
  const key = `module-${hash}.js.gz`;

  test("is accepted when it carries the script, wrapped or not", () => {
    const text = gzipSync(script).toString("base64");
    expect(checkModule(secret(key, `${text.slice(0, 9)} ${text.slice(9)}`), script)).toEqual([]);
  });

  test("is refused with another script, another name, or none", () => {
    const other = gzipSync("another script").toString("base64");
    expect(checkModule(secret(key, other), script)).toHaveLength(1);
    expect(checkModule(secret("module-0.js.gz", gzipSync(script).toString("base64")), script)).toHaveLength(
      1,
    );
    expect(checkModule(object("Secret pepr-some-module"), script)).toHaveLength(2);
  });

  test("is refused above the limit", () => {
    const found = checkModule(secret(key, "A".repeat(SECRET_LIMIT + 1)), script);
    expect(found.map(({ what }) => what)).toContain("the module's size");
  });
});

describe("A manifest", () => {
  const first = "kind: Secret\nmetadata:\n  name: 'quoted'   # kept\ndata: {a: 'b'}\n";
  const second = "kind: Webhook\nmetadata:\n  name: w\n";

  test("keeps every byte of the objects that do not change", () => {
    const changed = changeObject(`${first}---\n${second}`, "Webhook", (document) => document.set("added", 1));
    expect(changed).toBe(`${first}---\n${second}added: 1\n`);
    expect(objectsOf(changed)).toHaveLength(2);
  });

  test("has several objects in the place of one, in their order", () => {
    const replaced = replaceObject(`${first}---\n${second}`, "Webhook", [object("One a"), object("Two b")]);
    expect(replaced.startsWith(`${first}---\n`)).toBe(true);
    expect(objectsOf(replaced).map(({ kind }) => kind)).toEqual(["Secret", "One", "Two"]);
  });

  test("is refused when the object to change is not there exactly once", () => {
    const nothing = (): void => undefined;
    expect(() => changeObject(first, "Webhook", nothing)).toThrow("exactly one Webhook");
    expect(() => changeObject(`${second}---\n${second}`, "Webhook", nothing)).toThrow("exactly one Webhook");
  });
});

describe("The schema of the chart's values", () => {
  const schema = (properties: object): object => ({
    definitions: { Admission: { type: "object", properties } },
  });

  test("accepts no timeout below the one that the module was built with", () => {
    expect(withTimeoutBounds(schema({ webhookTimeout: { type: "integer" }, other: {} }), 15)).toEqual(
      schema({ webhookTimeout: { type: "integer", minimum: 15, maximum: 30 }, other: {} }),
    );
  });

  test("knows the order of the webhooks", () => {
    expect(withOrder(schema({ other: {} }))).toEqual(
      schema({ other: {}, beforeClusterApi: { type: "boolean" } }),
    );
  });

  test("is refused when it has no timeout", () => {
    expect(() => withTimeoutBounds(schema({}), 15)).toThrow("values.schema.json");
  });
});

describe("A finding", () => {
  test("says which file, what was expected and what was found", () => {
    expect(textOf({ file: "a.yaml", what: "the size", expected: [1], found: undefined })).toBe(
      "a.yaml: the size\n    expected: [1]\n    found:    nothing",
    );
  });
});
