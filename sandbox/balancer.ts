/**
 * One address for the two admission processes, as a Kubernetes Service gives them: connections go
 * round, and a backend that does not take one is passed over.
 */
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { createServer as createHttpServer } from "node:http";

const port = Number(process.env["BALANCER_PORT"]);
const healthPort = Number(process.env["BALANCER_HEALTH_PORT"]);
const backends = (process.env["BALANCER_BACKENDS"] ?? "").split(",").map(Number);
let turn = 0;

function open(backend: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: backend, host: "127.0.0.1", noDelay: true });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

async function forward(client: Socket): Promise<void> {
  client.on("error", () => client.destroy());
  const start = turn++;
  for (let i = 0; i < backends.length; i++) {
    const backend = backends[(start + i) % backends.length];
    if (backend === undefined) continue;
    let upstream: Socket;
    try {
      upstream = await open(backend);
    } catch {
      continue;
    }
    upstream.on("error", () => client.destroy());
    upstream.on("close", () => client.end());
    client.on("close", () => upstream.destroy());
    client.pipe(upstream);
    upstream.pipe(client);
    return;
  }
  client.destroy();
}

createServer({ noDelay: true }, (client) => void forward(client)).listen(port, "127.0.0.1");
createHttpServer((_, response) => response.end("ok")).listen(healthPort, "127.0.0.1");
