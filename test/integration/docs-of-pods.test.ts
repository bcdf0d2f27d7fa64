/** The pods that the documentation's commands ask for by their labels, against what the build made: are they ours? */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { projectRoot } from "../../sandbox/places";

interface Built {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> } };
  };
}

const dist = process.env["MODULE_DIST"] ?? join(projectRoot, "dist");
const deployments = parseAllDocuments(readFileSync(join(dist, "pepr-module-capi-vip-allocator.yaml"), "utf8"))
  .map((document) => document.toJS() as Built)
  .filter(({ kind }) => kind === "Deployment");

const pages = ["README.md", ...readdirSync(join(projectRoot, "docs"), { recursive: true, encoding: "utf8" })]
  .filter((file) => file.endsWith(".md"))
  .map((file) => (file === "README.md" ? file : join("docs", file)));

const SELECTOR = /^kubectl (?:logs|get pods?)\b.*? -l (?:'([^']+)'|(\S+))/;

const commands = pages
  .flatMap((file) => readFileSync(join(projectRoot, file), "utf8").split("\n"))
  .flatMap((line) => {
    const [command, quoted, bare = ""] = SELECTOR.exec(line) ?? [];
    return command === undefined ? [] : { command, selector: quoted ?? bare };
  });

/** `key=value` and `key in (one,other)`, as the documentation has them. */
function isSelected(labels: Readonly<Record<string, string>>, selector: string): boolean {
  const [, key = "", list = ""] = /^(\S+?)(?:=| in \()([^)]+)\)?$/.exec(selector) ?? [];
  return list.split(",").includes(labels[key] ?? "");
}

test.each(commands)("$command finds the pods of admission and of the watcher", ({ selector }) => {
  const found = deployments.filter(({ spec }) => isSelected(spec.template.metadata.labels, selector));
  expect(found.map(({ metadata }) => metadata.name).sort()).toEqual([
    "pepr-capi-vip-allocator",
    "pepr-capi-vip-allocator-watcher",
  ]);
});
