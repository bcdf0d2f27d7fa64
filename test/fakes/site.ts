/** The API server in memory, and the people around it, for the contract suite. */
import type { Site, World } from "../contract/site";
import { atOnce, FakeApiServer, FakeClient } from "./api-server";

export function fakeSite(): Site {
  const server = new FakeApiServer(() => Date.now());
  return { client: new FakeClient(server, atOnce(server)), world: worldOf(server) };
}

function worldOf(server: FakeApiServer): World {
  let namespaces = 0;
  return {
    newNamespace: async () => `team-${(namespaces += 1)}`,
    create: async (of, object) => server.create(of, object.metadata.namespace, object),
    change: async (of, { metadata: { namespace, name = "" } }, change) =>
      server.update(of, change(server.get(of, namespace, name))),
    writeStatus: async (of, object) => server.updateStatus(of, object),
    delete: async (of, { metadata: { namespace, name = "" } }, propagation) =>
      server.delete(of, namespace, name, propagation && { propagation }),
  };
}
