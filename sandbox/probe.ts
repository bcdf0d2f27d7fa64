import { request as overHttp } from "node:http";
import { request as overHttps } from "node:https";

/** Whether a health endpoint answers 200. What is not up yet is simply false. */
export function answersOk(url: string, timeoutMs = 1000): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs, rejectUnauthorized: false, agent: false } as const;
    const call = (url.startsWith("https:") ? overHttps : overHttp)(url, options, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode === 200));
      response.on("error", () => resolve(false));
    });
    call.on("timeout", () => call.destroy());
    call.on("error", () => resolve(false));
    call.end();
  });
}
