import { DELETE_FOR_MOVE, HOLD, PAUSED, PREFIX } from "../../../lib/core/contract";
import { ROLES } from "../../../lib/core/roles";
import { matchConditions } from "../../../scripts/match-conditions";

const conditions = matchConditions();
const all = conditions.map(({ expression }) => expression).join("\n");

describe("The match conditions of the webhook", () => {
  test("carry unique names that Kubernetes accepts", () => {
    const names = conditions.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/);
    expect(names.length).toBeLessThanOrEqual(64);
  });

  test.each(ROLES.map((role) => [role.name, role] as const))(
    "know the annotation, the variable and the label of the role %s",
    (_, { annotation, variable, label }) => {
      expect(all).toContain(`'${annotation}'`);
      expect(all).toContain(`'${variable}'`);
      if (label !== undefined) expect(all).toContain(`'${label}'`);
    },
  );

  test.each([HOLD, PAUSED, PREFIX, DELETE_FOR_MOVE])("know the name %s", (name) => {
    expect(all).toContain(`'${name}'`);
  });

  test("never read the old object of a create, which is null", () => {
    for (const { expression } of conditions.filter(({ expression: text }) => text.includes("oldObject")))
      expect(expression).toMatch(/^request\.operation == 'CREATE'\n\|\| \([^]*\)$/);
  });

  test("let an update through to us that drops or changes a label of ours", () => {
    expect(all).toContain(
      "has(oldObject.metadata.labels) && ['vip.capi.gorizond.io/ingress-vip'].exists(k, k in oldObject.metadata.labels && " +
        "!(has(object.metadata.labels) && k in object.metadata.labels && " +
        "object.metadata.labels[k] == oldObject.metadata.labels[k]))",
    );
  });

  test("compare the class of old and new object, and ask first whether they have one", () => {
    expect(all).toContain(
      "has(oldObject.spec.topology) && has(oldObject.spec.topology.classRef) && " +
        "!(has(object.spec.topology.classRef) && object.spec.topology.classRef == oldObject.spec.topology.classRef)",
    );
  });

  test("close every bracket that they open", () => {
    for (const { expression } of conditions) expect(unclosed(expression)).toBe("");
  });

  test("survive Helm and YAML: no template marks, nothing outside of ASCII, no tab", () => {
    expect(all).not.toMatch(/\{\{|\}\}/);
    expect(all).toMatch(/^[\n\x20-\x7e]*$/);
  });
});

function unclosed(expression: string): string {
  const brackets = expression.replaceAll(/'[^']*'/g, "").replaceAll(/[^()[\]]/g, "");
  const shorter = brackets.replaceAll(/\(\)|\[\]/g, "");
  return shorter === brackets ? brackets : unclosed(shorter);
}
