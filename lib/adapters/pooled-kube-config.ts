/**
 * Answers: how do all requests share their connections?
 *
 * The client library makes an agent, and so a TLS handshake, for every call (kubernetes-client/javascript
 * #2893; KFC does the same): 9 to 48 ms, against about 5 on a connection that stands. This keeps the
 * first agent it makes, with keep-alive, and leaves everything else to the library.
 */
import { Agent } from "node:https";
import { KubeConfig, type RequestContext } from "@kubernetes/client-node";

type FetchOptions = Awaited<ReturnType<KubeConfig["applyToFetchOptions"]>>;

/** The API server closes what idles for about 90 s; we let go first, so that no request meets the end of a connection. */
const IDLE_MS = 60_000;

export class PooledKubeConfig extends KubeConfig {
  #agent: Agent | undefined;

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    context.setAgent(this.#shared(context.getAgent()) as Parameters<typeof context.setAgent>[0]);
  }

  override async applyToFetchOptions(
    options: Parameters<KubeConfig["applyToFetchOptions"]>[0],
  ): Promise<FetchOptions> {
    const fetchOptions = await super.applyToFetchOptions(options);
    return { ...fetchOptions, agent: this.#shared(fetchOptions.agent) as NonNullable<FetchOptions["agent"]> };
  }

  /** A proxy's agent is not ours to rebuild; it is used as it comes. */
  #shared(made: unknown): unknown {
    if (!(made instanceof Agent) || made.constructor !== Agent) return made;
    this.#agent ??= new Agent({ ...made.options, keepAlive: true, timeout: IDLE_MS });
    return this.#agent;
  }
}
