/** Answers: what is known once somebody looked who else has an address? */
import type { Facts } from "../core/facts";
import type { Plan } from "../core/plan";
import type { Inventory } from "../ports/inventory";

/** The same facts, and for each role that asked for it who has the address; nothing else is read again. */
export async function looked(
  facts: Facts,
  { looks }: Plan,
  inventory: Inventory,
  signal?: AbortSignal,
): Promise<Facts> {
  const answers = await Promise.all(
    looks.map(async ({ role, address }) => ({
      role,
      holders: await inventory.holders(address, facts.key, role, signal),
    })),
  );
  return {
    ...facts,
    roles: facts.roles.map((known) => {
      const answer = answers.find(({ role }) => role === known.role);
      return answer ? { ...known, holders: answer.holders } : known;
    }),
  };
}
