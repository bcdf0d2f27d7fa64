/**
 * What our adapters count on, asked of every API server that we run them on: the one in memory, on which
 * the model world stands, and the real one. What holds on one and not on the other is a lie of the fake.
 */
import { clientContract } from "./client";
import type { Site } from "./site";

/** @param setUp called before every test */
export function contract(name: string, setUp: () => Promise<Site>): void {
  describe(`The client of ${name}`, () => clientContract(setUp));
}
