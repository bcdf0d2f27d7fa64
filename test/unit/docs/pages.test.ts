import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse, parseAllDocuments } from "yaml";

const root = join(__dirname, "../../..");

const inFolder = (folder: string, end: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(end))
    .map((file) => join(folder, file));

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...inFolder("docs", ".md"),
  ...inFolder("examples", ".md"),
];
const textOf = (file: string): string => readFileSync(join(root, file), "utf8");

/** The anchor that GitHub makes of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

const anchors = (file: string): string[] =>
  [...textOf(file).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));

const links = (file: string): string[] =>
  [...textOf(file).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, to = ""]) => (/^[a-z]+:/.test(to) ? [] : [to]));

function isBroken(file: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? file : join(dirname(file), path);
  if (!existsSync(join(root, target))) return true;
  return anchor !== undefined && !anchors(target).includes(anchor);
}

test.each(pages)("every link of %s leads somewhere", (file) => {
  expect(links(file).filter((link) => isBroken(file, link))).toEqual([]);
});

test("every decision is in the index", () => {
  const decisions = readdirSync(join(root, "docs/adr")).filter((file) => /^\d{4}-/.test(file));
  expect(links("docs/adr/README.md").sort()).toEqual(expect.arrayContaining(decisions.sort()));
});

/** All but a fleet.yaml, which is none. */
const objects = inFolder("examples", ".yaml").filter((file) => !file.includes("fleet-"));

test.each(objects)("%s is a stream of Kubernetes objects", (file) => {
  for (const document of parseAllDocuments(textOf(file))) {
    expect(document.errors).toEqual([]);
    expect(document.toJS()).toMatchObject({
      apiVersion: expect.any(String),
      kind: expect.any(String),
      metadata: { name: expect.any(String) },
    });
  }
});

describe.each(readdirSync(join(root, "examples")).filter((file) => file.endsWith(".yaml")))(
  "The example %s",
  (file) => {
    test("is listed once, with a word about when to use it", () => {
      const rows = textOf("examples/README.md")
        .split("\n")
        .filter((line) => line.includes(`[${file}](${file})`));
      expect(rows).toEqual([expect.stringMatching(/^\| \[.*?\) +\| \w.* \|$/)]);
    });

    test("is applied by a test", () => {
      expect(textOf("test/integration/recipes.test.ts")).toContain(`"${file}"`);
    });
  },
);

const yamlBlocks = (file: string): unknown[] =>
  [...textOf(file).matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = ""]) => parse(text) as unknown);

test("the README's pool and patches are those of the examples", () => {
  const [pool, shared, ofClass] = yamlBlocks("README.md") as [unknown, unknown, object];
  expect(pool).toEqual(parse(textOf("examples/pool-global.yaml")));
  expect(shared).toEqual(parse(textOf("examples/pool-shared.yaml")));
  const [example] = parseAllDocuments(textOf("examples/clusterclass-kubeadm.yaml"));
  expect(example?.toJS()).toMatchObject({ spec: ofClass });
});
