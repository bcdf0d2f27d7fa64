/**
 * What our adapters count on, asked of every API server that we run them on: the one in memory, on which
 * the model world stands, and the real one. What holds on one and not on the other is a lie of the fake.
 */
import { clientContract } from "./client";
import { executorContract } from "./executor";
import { inventoryContract } from "./inventory";
import type { Site } from "./site";

/** @param setUp called before every test */
export function contract(name: string, setUp: () => Promise<Site>): void {
  describe(`The client of ${name}`, () => clientContract(setUp));
  describe(`On ${name},`, () => {
    inventoryContract(setUp);
    executorContract(setUp);
  });
}
