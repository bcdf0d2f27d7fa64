import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { SandboxFailure } from "./failure";

export interface Certificate {
  /** The folder, with the file names that controller-runtime expects. */
  readonly folder: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * One self-signed certificate for 127.0.0.1 that serves the API server and every webhook, and is
 * its own authority: what lives for an hour on loopback needs no chain.
 */
export async function createCertificate(folder: string): Promise<Certificate> {
  mkdirSync(folder, { recursive: true });
  const cert = join(folder, "tls.crt");
  const key = join(folder, "tls.key");
  const args = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=sandbox";
  await promisify(execFile)("openssl", [
    ...args.split(" "),
    "-addext",
    "subjectAltName=IP:127.0.0.1,DNS:localhost",
    "-keyout",
    key,
    "-out",
    cert,
  ]).catch((error: NodeJS.ErrnoException) => {
    throw new SandboxFailure(
      error.code === "ENOENT"
        ? 'No "openssl" was found in PATH: install it and run the command again.'
        : `openssl could not make a certificate: ${error.message}`,
    );
  });
  return { folder, cert, key };
}

/** The key pair with which the API server signs and checks ServiceAccount tokens. */
export function createTokenKeys(folder: string): { readonly key: string; readonly pub: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = join(folder, "tokens.key");
  const pub = join(folder, "tokens.pub");
  writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  writeFileSync(pub, publicKey.export({ type: "spki", format: "pem" }));
  return { key, pub };
}

/** A certificate as `caBundle` and kubeconfigs want it. */
export function base64Of(file: string): string {
  return readFileSync(file).toString("base64");
}
