/** Answers: how is given back what was reserved for a create that is refused? */
import { undoing } from "../core/adoption";
import type { Facts, RoleFacts } from "../core/facts";
import type { Ports } from "./admit";

/** The provider may have written on a claim since we made it; then what is there now is given back. */
export async function undo(facts: Facts, budget: AbortSignal, { inventory, executor }: Ports): Promise<void> {
  const { kind } = await executor.carryOut(undoing(facts), budget);
  if (kind !== "conflict" || facts.cluster.state !== "found") return;
  const now = await inventory.gatherForCreate(facts.cluster.value, facts.dryRun, budget);
  await executor.carryOut(undoing(stillReserved(facts, ofTheSameRoles(facts, now))), budget);
}

const stillReserved = (before: Facts, now: Facts): Facts => ({
  ...now,
  roles: now.roles.map((role) => {
    const ours = before.roles.find((one) => one.role === role.role);
    return { ...role, reserved: ours?.reserved === true && uidOf(ours) === uidOf(role) };
  }),
});

const uidOf = ({ claim }: RoleFacts): string | undefined =>
  claim.state === "found" ? claim.value.uid : undefined;

/** What was gathered anew, of the roles that are at stake. */
export const ofTheSameRoles = ({ roles }: Facts, again: Facts): Facts => ({
  ...again,
  roles: again.roles.filter(({ role }) => roles.some((one) => one.role === role)),
});
