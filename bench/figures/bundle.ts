/** How big is the module? Its bundle goes gzipped into a Secret, which holds one megabyte. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { atMost, told, type Answer, type Figure } from "../figure";

const SECRET_BYTES = 1024 * 1024;

/** The module bundle in a folder; undefined where nothing was built. */
export function bundleIn(dist: string): string | undefined {
  const [file] = readdirSync(dist, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^pepr-.*\.c?js$/.test(entry.name))
    .map(({ name }) => join(dist, name));
  return file;
}

export const bundle: Figure = {
  name: "bundle",
  question: "How big is the module?",
  limitMinutes: 0.1,
  run({ dist }): Promise<Answer> {
    const file = bundleIn(dist);
    if (file === undefined) throw new Error(`${dist} has no module`);
    const text = readFileSync(file);
    const zipped = gzipSync(text);
    const sha256 = createHash("sha256").update(text).digest("hex");
    return Promise.resolve({
      findings: [
        told("bundle", text.length, " bytes"),
        atMost(
          "bundle, gzipped and in base64",
          encoded(zipped),
          SECRET_BYTES,
          " bytes",
          "a Secret holds no more",
        ),
      ],
      data: { bytes: text.length, gzip: zipped.length, sha256 },
    });
  },
};

const encoded = (bytes: Buffer): number => bytes.toString("base64").length;
