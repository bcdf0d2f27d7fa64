/** Answers: what did a plan come to, in words that fit on a line? */
import { NO_EDIT, type Edit } from "../../lib/core/edit";
import type { Condition, Facts } from "../../lib/core/facts";
import { plan } from "../../lib/core/plan";
import { poolName } from "../../lib/core/pool-choice";
import type { Step } from "../../lib/core/row";
import type { Reason } from "../../lib/core/verdict";

/** A row of a table, and what it must come to. What is not named must not happen. */
export interface Case {
  readonly row: string;
  readonly title: string;
  readonly facts: Facts;
  readonly reason: Reason;
  readonly detail?: string;
  readonly edit?: Edit;
  readonly steps?: readonly string[];
  readonly waitFor?: string;
  readonly lookFor?: string;
  readonly lookAgainMs?: number;
  readonly warn?: boolean;
}

const conditionWords = (conditions: readonly Condition[]): string =>
  conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`).join(", ") || "none";

function claimWords(step: Extract<Step, { kind: "create-claim" | "adopt-claim" }>): string {
  if (step.kind === "create-claim") {
    const { name, pool, owner } = step.claim;
    return `create ${name} from ${poolName(pool)} ${owner ? `owned by ${owner.uid}` : "bare"}`;
  }
  return [
    ...(step.owner ? [`own ${step.claim.name} for ${step.owner.uid}`] : []),
    ...(step.cluster !== undefined ? [`label ${step.claim.name} with ${step.cluster}`] : []),
  ].join(", ");
}

export function words(step: Step): string {
  switch (step.kind) {
    case "create-claim":
    case "adopt-claim":
      return claimWords(step);
    case "pin-address":
    case "park-address":
      return `${step.kind.replace("-address", "")} ${step.pin.address} as ${step.claim.name} in ${poolName(step.pin.pool.ref)}`;
    case "delete-address":
      return `delete address ${step.address.name}`;
    case "protect-address":
      return `protect ${step.address.name} for ${step.uid}`;
    case "release-address":
      return `release ${step.address.name}`;
    case "edit-cluster":
      return `edit ${step.cluster.key.name}`;
    case "write-conditions":
      return conditionWords(step.conditions);
    case "reserve-claim":
    case "unlabel-claim":
    case "delete-claim":
      return `${step.kind.replace("-claim", "")} ${step.claim.name}`;
  }
}

/** Runs every case as a test. */
export function eachCase(cases: readonly Case[]): void {
  test.each(cases)("$title [$row]", (expected) => {
    const { decisions, edit, steps, waitFor, looks, lookAgainMs } = plan(expected.facts);
    const [decision] = decisions;
    expect({
      row: decision?.row,
      reason: decision?.verdict.reason,
      edit,
      steps: steps.map(words),
      waitFor: waitFor?.name,
      lookFor: looks[0]?.address,
      lookAgainMs,
      warn: decision?.warn ?? false,
    }).toEqual({
      row: expected.row,
      reason: expected.reason,
      edit: expected.edit ?? NO_EDIT,
      steps: expected.steps ?? [],
      waitFor: expected.waitFor,
      lookFor: expected.lookFor,
      lookAgainMs: expected.lookAgainMs,
      warn: expected.warn ?? false,
    });
    if (expected.detail !== undefined) expect(decision?.verdict.detail).toBe(expected.detail);
  });
}

/** Runs every case as a test, and proves at the end that no row of the table was left out. */
export function everyRow(tables: readonly (readonly { name: string }[])[], cases: readonly Case[]): void {
  eachCase(cases);

  test("every row is exercised, and no row has two names", () => {
    const names = tables.flatMap((table) => table.map(({ name }) => name));
    expect(new Set(cases.map(({ row }) => row))).toEqual(new Set(names));
    for (const table of tables) expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
  });
}
