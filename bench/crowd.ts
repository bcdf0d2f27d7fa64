/** How do many users ask at the same moment? As many connections as users, open before the clock starts. */
import { ApiServer } from "../test/integration/support/api-server";
import { CLUSTERS } from "../test/integration/support/shapes";

/** What one client of the tests opens at most. */
const SOCKETS_EACH = 64;

export class Crowd {
  readonly #servers: readonly ApiServer[];

  private constructor(servers: readonly ApiServer[]) {
    this.#servers = servers;
  }

  /** Otherwise a burst would measure handshakes. */
  static async of(kubeconfig: string, count: number): Promise<Crowd> {
    const servers = Array.from({ length: Math.ceil(count / SOCKETS_EACH) }, () => new ApiServer(kubeconfig));
    const crowd = new Crowd(servers);
    await Promise.all(
      Array.from({ length: count }, (_, index) => crowd.at(index).find(CLUSTERS, "default", "nobody")),
    );
    return crowd;
  }

  /** The client of one user; neighbours use different ones, so that all sockets are used alike. */
  at(index: number): ApiServer {
    const server = this.#servers[index % this.#servers.length];
    if (!server) throw new Error("A crowd of nobody");
    return server;
  }

  close(): void {
    for (const server of this.#servers) server.close();
  }
}
