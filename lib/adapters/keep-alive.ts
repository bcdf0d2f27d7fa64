/**
 * Answers: why does the API server not find our connections closed under its hands?
 *
 * Node closes an idle connection after 5 s, the API server thinks it may use it for longer, and under
 * failurePolicy Fail the meeting of the two is a failed create ("EOF"). Pepr 1.1.6 sets 90 s itself
 * (defenseunicorns/uds-core#2400); Pepr 1.1.4 gives no other way in than the server it makes.
 */
import https from "node:https";

const KEEP_ALIVE_MS = 90_000;

export function keepConnectionsAlive(): void {
  const create = https.createServer.bind(https) as (...args: unknown[]) => https.Server;
  https.createServer = ((...args: unknown[]) => {
    const server = create(...args);
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.headersTimeout = KEEP_ALIVE_MS + 1000;
    return server;
  }) as typeof https.createServer;
}
