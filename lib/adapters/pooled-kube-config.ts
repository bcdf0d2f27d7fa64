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

/**
 * A burst of creates would otherwise open a connection for each of its reads, and the API server answers
 * the thousandth with 429: of 500 creates at once 437 were refused. Requests wait for a free connection here.
 */
const MOST_AT_ONCE = 32;

/** The API server closes what idles for about 90 s; we let go first, so that no request meets the end of a connection. */
const IDLE_MS = 60_000;

export class PooledKubeConfig extends KubeConfig {
  #forRequests: Agent | undefined;
  #forWatches: Agent | undefined;

  override async applySecurityAuthentication(context: RequestContext): Promise<void> {
    await super.applySecurityAuthentication(context);
    const made: unknown = context.getAgent();
    this.#forRequests ??= pooled(made, MOST_AT_ONCE);
    context.setAgent((this.#forRequests ?? made) as Parameters<typeof context.setAgent>[0]);
  }

  override async applyToFetchOptions(
    options: Parameters<KubeConfig["applyToFetchOptions"]>[0],
  ): Promise<FetchOptions> {
    const fetchOptions = await super.applyToFetchOptions(options);
    // A watch keeps its connection for as long as it lasts.
    this.#forWatches ??= pooled(fetchOptions.agent, Infinity);
    const agent = (this.#forWatches ?? fetchOptions.agent) as NonNullable<FetchOptions["agent"]>;
    return { ...fetchOptions, agent };
  }
}

/** A proxy's agent is not ours to rebuild; it is used as it comes. */
const pooled = (made: unknown, maxSockets: number): Agent | undefined =>
  made instanceof Agent && made.constructor === Agent
    ? new Agent({ ...made.options, keepAlive: true, timeout: IDLE_MS, maxSockets })
    : undefined;
