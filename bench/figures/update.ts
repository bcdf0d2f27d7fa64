/**
 * How long does our hook on UPDATE keep the API server waiting, for small and big Clusters?
 *
 * In the process: parsing both objects, `restore`, the edit, and the JSON patch that Pepr makes of it. The
 * way there and back is the same for every webhook. Two cases: an update that drops all we wrote, as a
 * second `kubectl apply` of a manifest does, and one that concerns us in nothing but passes the match
 * conditions.
 */
import { compare } from "fast-json-patch";
import { clusterFacts } from "../../lib/adapters/kube-objects";
import { applyEdit } from "../../lib/core/edit";
import type { KubeObject } from "../../lib/core/facts";
import { restore } from "../../lib/core/restore";
import { complete, NAMESPACE, put, stored, VARIABLE, VIP } from "../../test/gen/objects";
import { atMost, type Answer, type Bench, type Figure } from "../figure";
import { curvesOf, take, worst } from "../micro";

const SIZES = [1, 5, 10, 20, 50, 100, 200];
const GOAL_MS = 5;

/** Real variables are objects as often as words. */
const others = (count: number): object[] =>
  Array.from({ length: count - 1 }, (_, index) => ({
    name: `variable${index}`,
    value:
      index % 2
        ? `value-${index}`
        : { image: `registry.example/${index}`, tags: ["a", "b"], replicas: index },
  }));

const withVariables =
  (...variables: readonly object[]) =>
  (object: KubeObject): KubeObject =>
    put("spec", "topology", "variables")(variables)(object);

const storedWith = (count: number): KubeObject =>
  stored(complete(), withVariables({ name: VARIABLE, value: VIP }, ...others(count)));

/** What the manifest says: our entry is back to the class's default, and the rest is not mentioned. */
const appliedAgain = (count: number): KubeObject =>
  stored(withVariables({ name: VARIABLE, value: "" }, ...others(count)));

/** What the hook does for one request; objects arrive as text. */
function hook(old: KubeObject, wished: KubeObject): () => unknown {
  const texts = [JSON.stringify(old), JSON.stringify(wished)] as const;
  return () => {
    const [oldObject, object] = texts.map((text) => JSON.parse(text) as KubeObject);
    if (!oldObject || !object) throw new Error("Two objects");
    const { edit } = restore(clusterFacts(oldObject, NAMESPACE), clusterFacts(object, NAMESPACE));
    const patch = compare(object, applyEdit(object, edit));
    return Buffer.from(JSON.stringify(patch)).toString("base64");
  };
}

export const update: Figure = {
  name: "update",
  question: "How long does the hook on UPDATE take in the process?",
  limitMinutes: 1,
  async run(bench: Bench): Promise<Answer> {
    const dropping = await take(bench, SIZES, (size) => hook(storedWith(size), appliedAgain(size)));
    const untouched = await take(bench, SIZES, (size) => hook(storedWith(size), storedWith(size)));
    const bound = "both objects are parsed whole, so it grows with the variables";
    return {
      findings: [
        atMost("p99, everything dropped, 1 to 200 variables", worst(dropping), GOAL_MS, " ms", bound),
        atMost("p99, nothing to put back, 1 to 200 variables", worst(untouched), GOAL_MS, " ms", bound),
      ],
      charts: [
        {
          file: "update",
          title: "Hook on UPDATE, in the process",
          x: { name: "variables of the Cluster" },
          y: { name: "milliseconds" },
          series: [
            ...curvesOf("everything dropped", dropping),
            ...curvesOf("nothing to put back", untouched),
          ],
        },
      ],
      data: { dropping, untouched },
    };
  },
};
