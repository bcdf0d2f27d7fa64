/** Answers: does one life of the model world keep the laws? */
import { begin, carryOut, rest, type Command, type Start } from "./commands";
import { LawBroken } from "./laws";

/** Row by row, how often each decided. */
export type Tally = Map<string, number>;

/** @throws Error with the law that was broken, and the story that led there */
export async function live(start: Start, commands: readonly Command[], tally: Tally): Promise<void> {
  const { world, users } = begin(start);
  try {
    for (const command of commands) await carryOut(world, users, command);
    await rest(world, users);
  } catch (error) {
    const { message } = error as Error;
    const story = error instanceof LawBroken ? world.story.slice(-150).join("\n") : (error as Error).stack;
    throw new Error(`${story}\n${message}`, { cause: error });
  } finally {
    for (const row of world.rows) tally.set(row, (tally.get(row) ?? 0) + 1);
  }
}
