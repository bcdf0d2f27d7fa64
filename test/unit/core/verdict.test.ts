/** The one list of reasons, as users read it. */
import { isRefusal, REASONS, sentence, verdict, type Reason } from "../../../lib/core/verdict";

const reasons = Object.keys(REASONS) as Reason[];

describe("A verdict", () => {
  test("names the Cluster, the particulars, the reason and the next step in one line", () => {
    expect(sentence(verdict("ClassNotFound", "team-a/rke2"), "team-a/blue")).toBe(
      "Cluster team-a/blue: ClusterClass team-a/rke2 does not exist (ClassNotFound). " +
        "Create the class, or name an existing one; the Cluster is completed by itself then.",
    );
  });

  test.each(reasons)("%s is a name for machines and a sentence for people", (reason) => {
    const { says, next } = REASONS[reason];
    expect(reason).toMatch(/^([A-Z][a-z]+)+$/);
    expect(says).toMatch(/^[A-Za-z].*[^.]$/);
    expect(next).toMatch(/^[A-Z].*\.$/);
    expect(says.split("{}").length).toBeLessThanOrEqual(2);
  });

  test("refuses a request for these reasons only", () => {
    expect(reasons.filter((reason) => isRefusal(verdict(reason)))).toEqual([
      "HostAndVariableDiffer",
      "VipChange",
      "VariableNotChanged",
      "AddressTaken",
      "InsideOwnNetwork",
      "PoolRequired",
    ]);
  });

  test("keeps particulars with a dollar sign as they are", () => {
    expect(sentence(verdict("Unreachable", "no $& in $'x'"), "a/b")).toContain("no $& in $'x'");
  });
});
