import { createServer } from "node:net";
import { SandboxFailure } from "./failure";

// Below the range from which the kernel takes ports for outgoing connections, so that no such
// connection can take one between our look and the server's start; above CAPD's (20000 to 24000).
const first = 25_000;
const last = 32_000;

/**
 * Free loopback ports, as one block at a random place: two sandboxes that start at the same moment
 * then hardly ever look at the same block.
 */
export async function freePorts(count: number): Promise<number[]> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const start = first + Math.floor(Math.random() * ((last - first) / count - 1)) * count;
    const block = Array.from({ length: count }, (_, i) => start + i);
    if ((await Promise.all(block.map((port) => isFree(port)))).every(Boolean)) return block;
  }
  throw new SandboxFailure(
    `No ${count} free ports in a row between ${first} and ${last} on 127.0.0.1: end what listens there and try again.`,
  );
}

/** Whether nothing listens on this port. */
export function isFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
