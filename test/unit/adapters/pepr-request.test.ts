/** How warnings, refusals and changes reach the API server through Pepr. */
import type { PeprMutateRequest } from "pepr";
import type { KubernetesObject } from "kubernetes-fluent-client";
import { AdmissionNotes, setEdit } from "../../../lib/adapters/pepr-request";
import { NO_EDIT, type Edit } from "../../../lib/core/edit";
import { annotated, cluster, VIP } from "../../gen/objects";

/** As far as setEdit knows Pepr's request: Raw is Pepr's own copy, and marks are set on it. */
function request(object: unknown): PeprMutateRequest<KubernetesObject> {
  const fake = {
    Request: { object },
    Raw: structuredClone(object) as KubernetesObject,
    SetAnnotation: (key: string, value: string) => {
      fake.Raw = annotated(key, value)(fake.Raw as never) as never;
      return fake;
    },
  };
  return fake as unknown as PeprMutateRequest<KubernetesObject>;
}

describe("The request", () => {
  test("is changed by exactly the edit", () => {
    const asked = request(cluster());
    setEdit(asked, { endpoint: { host: VIP, port: 6443 } });
    expect(asked.Raw).toEqual({
      ...cluster(),
      spec: { ...(cluster()["spec"] as object), controlPlaneEndpoint: { host: VIP, port: 6443 } },
    });
  });

  test.each<[string, Edit]>([
    ["nothing is changed", NO_EDIT],
    ["something is", { name: "blue" }],
  ])("carries no mark of Pepr's, neither an early nor a late one, when %s", (_what, edit) => {
    const asked = request(cluster());
    asked.SetAnnotation("uid.pepr.dev/cluster-vip", "started");
    setEdit(asked, edit);
    expect(asked.SetAnnotation("uid.pepr.dev/cluster-vip", "succeeded")).toBe(asked);
    expect(asked.Raw).toEqual(cluster());
  });

  test("keeps its original as it came", () => {
    const original = cluster();
    const asked = request(original);
    setEdit(asked, NO_EDIT);
    expect(asked.Raw).not.toBe(original);
    expect(asked.Request.object).toBe(original);
  });
});

describe("What is said to the user", () => {
  const allowed = (uid = "1"): Parameters<AdmissionNotes["complete"]>[0] => ({ uid, allowed: true });

  test("a warning reaches the answer of its own request, beside those that are there", () => {
    const notes = new AdmissionNotes();
    notes.put("1", { warnings: ["held"], refusal: undefined });
    const other = allowed("2");
    notes.complete(other);
    expect(other).toEqual(allowed("2"));
    const answer = { ...allowed(), warnings: ["from Pepr"] };
    notes.complete(answer);
    expect(answer).toEqual({ uid: "1", allowed: true, warnings: ["from Pepr", "held"] });
  });

  test("a refusal says why, in place of whatever Pepr made of it", () => {
    const notes = new AdmissionNotes();
    notes.put("1", { warnings: ["unheard"], refusal: "two addresses" });
    const answer = { uid: "1", allowed: false, result: "pepr's words", warnings: ["Action failed"] };
    notes.complete(answer);
    expect(answer).toEqual({
      uid: "1",
      allowed: false,
      status: { code: 403, message: "two addresses" },
    });
  });

  test("a refusal is a refusal even where Pepr would allow", () => {
    const notes = new AdmissionNotes();
    notes.put("1", { warnings: [], refusal: "two addresses" });
    expect(notes.refusalOf("1")).toBe("two addresses");
    const answer = allowed();
    notes.complete(answer);
    expect(answer.allowed).toBe(false);
  });

  test("is said once and then forgotten", () => {
    const notes = new AdmissionNotes();
    notes.put("1", { warnings: ["held"], refusal: undefined });
    notes.complete(allowed());
    const again = allowed();
    notes.complete(again);
    expect(again).toEqual(allowed());
    expect(notes.refusalOf("1")).toBeUndefined();
  });

  test("is nothing where there is nothing to say", () => {
    const notes = new AdmissionNotes();
    notes.put("1", { warnings: [], refusal: undefined });
    const answer = allowed();
    notes.complete(answer);
    expect(answer).toEqual(allowed());
  });
});
