/** Where is it measured? A management cluster of its own for each figure, with the built module. */
import type { ChildCrash, Sandbox } from "../sandbox/sandbox";
import { startSandbox } from "../sandbox/sandbox";
import { ApiServer } from "../test/integration/support/api-server";
import { AuditTail } from "./audit-tail";
import type { Bench } from "./figure";

export interface Lab {
  readonly sandbox: Sandbox;
  readonly api: ApiServer;
  readonly audit: AuditTail;
}

/** Whatever ends the work (an error, Ctrl-C, a limit, a process that died), nothing is left running. */
export async function withLab<T>(bench: Bench, work: (lab: Lab) => Promise<T>): Promise<T> {
  const end = new AbortController();
  const signal = AbortSignal.any([bench.signal, end.signal]);
  const onCrash = (crash: ChildCrash): void => end.abort(crash);
  const sandbox = await startSandbox({ signal: bench.signal, onCrash });
  const api = new ApiServer(sandbox.kubeconfig);
  bench.log(`sandbox ${sandbox.name}: ${sandbox.server}`);
  try {
    const installed = sandbox.installModule({ dist: bench.dist });
    await orAborted(signal, installed);
    bench.log("module installed");
    return await orAborted(signal, work({ sandbox, api, audit: new AuditTail(sandbox) }));
  } finally {
    api.close();
    await sandbox.stop();
  }
}

/** The work goes on behind our back when it loses, and fails as soon as the API server is gone. */
async function orAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
