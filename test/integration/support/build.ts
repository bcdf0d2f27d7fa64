/** A build of the module as an installation makes it: with settings of its own in its package.json. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { projectRoot } from "../../../sandbox/places";

const SOURCES = ["capabilities", "lib", "scripts", "pepr.ts", "tsconfig.json"];

export interface Build {
  readonly dist: string;
  remove(): Promise<void>;
}

/** In a copy of the sources, so that nobody else's `dist` is touched. */
export async function buildWith(env: Readonly<Record<string, string>>): Promise<Build> {
  const copy = await mkdtemp(join(tmpdir(), "capi-vip-allocator-"));
  const remove = (): Promise<void> => rm(copy, { recursive: true });
  try {
    await symlink(join(projectRoot, "node_modules"), join(copy, "node_modules"));
    for (const name of SOURCES) await cp(join(projectRoot, name), join(copy, name), { recursive: true });
    const text = await readFile(join(projectRoot, "package.json"), "utf8");
    const { pepr, ...more } = JSON.parse(text) as { pepr: { env: object } };
    const changed = { ...more, pepr: { ...pepr, env: { ...pepr.env, ...env } } };
    await writeFile(join(copy, "package.json"), `${JSON.stringify(changed, null, 2)}\n`);
    await promisify(execFile)("npx", ["--no", "--", "tsx", "scripts/build.ts"], { cwd: copy });
    return { dist: join(copy, "dist"), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
