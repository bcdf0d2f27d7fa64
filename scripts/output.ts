/** Answers: which files does a build make, and when do they count as made? */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pepr } from "../package.json";
import { BuildFailure, type Finding } from "./build-failure";

export const DIST = "dist";
/** Inside dist, so that git never sees what a failed build leaves behind for a look. */
export const UNFINISHED = join(DIST, ".unfinished");

/** Pepr names everything after the uuid. */
export const NAME = `pepr-${pepr.uuid}`;
export const SCRIPT = `${NAME}.js`;
export const SCRIPT_MAP = `${SCRIPT}.map`;
export const MANIFEST = `pepr-module-${pepr.uuid}.yaml`;
/** The same installation, asked before Cluster API. Not "pepr-module-": that is the one that is the default. */
export const FIRST_MANIFEST = `${pepr.uuid}-before-cluster-api.yaml`;
export const CHART = `${pepr.uuid}-chart`;
export const TEMPLATES = join(CHART, "templates");
export const WEBHOOK_TEMPLATE = join(TEMPLATES, "mutation-webhook.yaml");
export const FIRST_TEMPLATE = join(TEMPLATES, "mutation-webhook-before-cluster-api.yaml");
export const VALUES = join(CHART, "values.yaml");
export const SCHEMA = join(CHART, "values.schema.json");

/** The manifest comes last: whoever waits for it finds everything else there. */
const FINISHED = [SCRIPT, SCRIPT_MAP, `${SCRIPT}.LEGAL.txt`, "zarf.yaml", CHART, FIRST_MANIFEST, MANIFEST];
const OF_PEPR = FINISHED.filter((file) => file !== CHART && file !== FIRST_MANIFEST);
const MADE = [...OF_PEPR, VALUES, SCHEMA, WEBHOOK_TEMPLATE];

export const pathOf = (file: string): string => join(UNFINISHED, file);
export const read = (file: string): string => readFileSync(pathOf(file), "utf8");
export const write = (file: string, text: string): void => writeFileSync(pathOf(file), text);

export function clear(): void {
  rmSync(DIST, { recursive: true, force: true });
  mkdirSync(UNFINISHED, { recursive: true });
}

/** File times are coarser than the clock. */
const CLOCK_MS = 1000;

/** Pepr ends with 0 also when it wrote nothing. */
export function checkFresh(startedAt: number): Finding[] {
  return MADE.flatMap((file): Finding[] => {
    const changedAt = statSync(pathOf(file), { throwIfNoEntry: false })?.mtimeMs;
    if (changedAt !== undefined && changedAt >= startedAt - CLOCK_MS) return [];
    const found = changedAt === undefined ? "none" : `one of ${new Date(changedAt).toISOString()}`;
    return [{ file, what: "is made by this build", expected: "a new file", found }];
  });
}

export function publish(): void {
  const others = FINISHED.filter((file) => existsSync(join(DIST, file)));
  if (others.length > 0)
    throw new BuildFailure(`another build wrote ${others.join(", ")} meanwhile: build again`);
  try {
    for (const file of FINISHED) renameSync(pathOf(file), join(DIST, file));
  } catch (error) {
    for (const file of FINISHED) rmSync(join(DIST, file), { recursive: true, force: true });
    throw error;
  }
  rmSync(UNFINISHED, { recursive: true, force: true });
}
