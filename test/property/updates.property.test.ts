/**
 * What holds for the answer to any update, well-formed or not; and why there is nothing to wait for.
 *
 * That an update does no I/O is a matter of types and imports: what has no port, no client and no promise
 * in reach cannot ask anybody.
 */
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import fc from "fast-check";
import { applyPatch } from "fast-json-patch";
import ts from "typescript";
import { ClusterHook } from "../../capabilities/cluster-hook";
import { clusterFacts } from "../../lib/adapters/kube-objects";
import { ALLOW_CHANGE, OUR_PAUSE, PAUSED } from "../../lib/core/contract";
import { applyEdit } from "../../lib/core/edit";
import type { ClusterFacts, KubeObject } from "../../lib/core/facts";
import { sameHost } from "../../lib/core/address";
import { restore, type Restoration } from "../../lib/core/restore";
import { CONTROL_PLANE, ROLES } from "../../lib/core/roles";
import { hostOf } from "../../lib/core/situation";
import { NAMESPACE, VARIABLE } from "../gen/objects";
import {
  answerOf,
  isMap,
  isShaped,
  junkUpdates,
  mutatedUpdates,
  NotAsked,
  updates,
  type Answer,
  type Review,
} from "../gen/reviews";

describe("An update does no I/O", () => {
  type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

  /** The compiler refuses this line when `restore` takes a port, or gives a promise. */
  const isPure: Same<typeof restore, (old: ClusterFacts, wished: ClusterFacts) => Restoration> = true;

  const core = resolve(__dirname, "../../lib/core");
  const textOf = (file: string): string => readFileSync(file, "utf8");
  const importsOf = (file: string): string[] =>
    ts.preProcessFile(textOf(file)).importedFiles.map(({ fileName }) => fileName);

  /** The file and all it imports; what is not ours is left as it is named. */
  function reach(file: string, seen = new Set<string>()): Set<string> {
    if (seen.has(file)) return seen;
    seen.add(file);
    for (const name of importsOf(file))
      if (name.startsWith(".")) reach(`${join(dirname(file), name)}.ts`, seen);
      else seen.add(name);
    return seen;
  }

  const reached = [...reach(join(core, "restore.ts"))];
  const ours = reached.filter((name) => name.endsWith(".ts"));

  test("by the type of its flow: two Clusters in, a change out", () => {
    expect(isPure).toBe(true);
    expect(restore).toHaveLength(2);
  });

  test("by its imports: core, and two parsers of addresses", () => {
    expect(ours.filter((file) => relative(core, file).startsWith(".."))).toEqual([]);
    expect(reached.filter((name) => !ours.includes(name)).sort()).toEqual(["ip-address", "node:net"]);
    const fromNet = ours.flatMap((file) => textOf(file).match(/^import .* from "node:net";$/gm) ?? []);
    expect(new Set(fromNet)).toEqual(new Set(['import { isIP } from "node:net";']));
  });

  test("by its words: none that waits, reads a clock, or reaches what every program can reach", () => {
    const worldly = [
      ...["async", "await", "Promise", "queueMicrotask", "setTimeout", "setInterval", "setImmediate"],
      ...["fetch", "WebSocket", "process", "globalThis", "require", "console", "Date", "performance", "eval"],
    ];
    const said = ours.flatMap((file) =>
      wordsOf(textOf(file)).map((word) => `${relative(core, file)}: ${word}`),
    );
    expect(said.filter((word) => worldly.includes(word.replace(/^.*: /, "")))).toEqual([]);
    expect(said).toContain("restore.ts: restore");
  });
});

/** Identifiers and keywords, without comments and texts. */
function wordsOf(text: string): string[] {
  const scanner = ts.createScanner(ts.ScriptTarget.ES2022, true, ts.LanguageVariant.Standard, text);
  const words: string[] = [];
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan())
    if (kind >= ts.SyntaxKind.Identifier) words.push(scanner.getTokenText());
  return words;
}

interface Answered {
  readonly review: Review;
  readonly answer: Answer;
  /** The new object as the API server makes it of the answer. */
  readonly result: KubeObject;
  readonly failures: readonly unknown[];
}

/** Whatever else the hook has been given, an update does not look at it. */
const untouchable = <T extends object>(): T =>
  new Proxy({} as T, {
    get: (_, key) => {
      throw new Error(`An update asked for ${String(key)}`);
    },
  });

async function ask(review: Review): Promise<Answered> {
  const failures: unknown[] = [];
  const hook = new ClusterHook(untouchable(), 0, (_, error) => failures.push(error));
  const before = JSON.stringify(review);
  const answer = await answerOf(hook, review).catch((error: unknown) => {
    fc.pre(!(error instanceof NotAsked));
    throw error;
  });
  must(JSON.stringify(review) === before, "the request was changed in place");
  const result = applyPatch(structuredClone(review.object), structuredClone(answer.patch), true).newDocument;
  return { review, answer, result, failures };
}

function must(holds: unknown, what: string): void {
  if (!holds) throw new Error(what);
}

const same = (one: unknown, other: unknown): void => {
  if (JSON.stringify(one) !== JSON.stringify(other)) expect(one).toEqual(other);
};

const facts = (object: KubeObject | undefined): ClusterFacts => clusterFacts(object as KubeObject, NAMESPACE);

const restoration = (old: KubeObject | undefined, now: KubeObject): Restoration =>
  restore(facts(old), facts(now));

/** What is refused is not changed either. */
function edited(old: KubeObject | undefined, now: KubeObject): KubeObject {
  const { edit, refusal } = restoration(old, now);
  return refusal ? now : applyEdit(now, edit);
}

/** Refused, or put back with a word, is another VIP alone. */
function isAllowedOrSaysWhy({ review: { object, oldObject }, answer, failures }: Answered): void {
  const { refusal, warnings } = failures.length > 0 ? NO_WORD : restoration(oldObject, object);
  const said = `${answer.status?.message} ${String(answer.warnings)}`;
  must(answer.allowed === (refusal === undefined), `refused: ${said}`);
  must(answer.warnings.length === (refusal ? 0 : warnings.length), `warned: ${said}`);
  must(
    answer.warnings.every((text) => text.includes("(VipKept)")),
    said,
  );
  must(refusal === undefined || /\((VipChange|VariableNotChanged)\)/.test(said), said);
}

const NO_WORD: Restoration = { edit: {}, warnings: [], refusal: undefined };

/** Nobody is refused for a VIP that nobody changes, nor for what is no endpoint. */
function refusesChangesOnly({ review: { object, oldObject }, answer, failures }: Answered): void {
  if (answer.allowed || failures.length > 0) return;
  const [old, now] = [facts(oldObject), facts(object)];
  const hasOther = ROLES.some((role) => {
    const vip = hostOf(old, role);
    const value = now.variables.get(role.variable);
    const others = [hostOf(now, role), typeof value === "string" && value !== "" ? value : undefined];
    return vip !== undefined && others.some((other) => other !== undefined && !sameHost(other, vip));
  });
  must(hasOther, `refused without another VIP: ${answer.status?.message}`);
}

/** A mistake of ours leaves the update as it came. */
function isExactlyTheEdit({ review: { object, oldObject }, result, failures }: Answered): void {
  same(result, failures.length > 0 ? object : edited(oldObject, object));
}

function needsNoSecond({ review: { object, oldObject }, answer, result, failures }: Answered): void {
  if (failures.length > 0 || !isShaped(object) || !answer.allowed) return;
  same(edited(oldObject, result), result);
  // Of another class nobody knows what its variable may be: that is left to the watch.
  if (sameClass(facts(oldObject), facts(object)))
    must(restoration(oldObject, result).warnings.length === 0, "warned again");
}

const sameClass = (one: ClusterFacts, other: ClusterFacts): boolean =>
  JSON.stringify(one.class) === JSON.stringify(other.class);

function isNoMistake({ review: { object, oldObject }, failures }: Answered): void {
  const isOdd = [object, oldObject].some((one) => !isMap(one) || !isMap(one.metadata) || !isShaped(one));
  must(isOdd || failures.length === 0, `a mistake of ours: ${String(failures[0])}`);
}

function keepsWhatIsTheirs({ review: { object, oldObject }, result }: Answered): void {
  if (!isShaped(object)) return;
  const [before, after] = [facts(object), facts(result)];
  const { host, port } = before.endpoint;
  const isBack =
    isRecorded(facts(oldObject), facts(oldObject)) && sameHost(after.endpoint.host, vipBefore(oldObject));
  // With its user's word the variable leads, and the endpoint follows.
  const isAllowedChange = sameHost(before.annotations[ALLOW_CHANGE], after.endpoint.host);
  must(
    host === undefined || after.endpoint.host === host || isBack || isAllowedChange,
    `another host than ${host}`,
  );
  must(port === undefined || after.endpoint.port === port, `another port than ${port}`);
  const [was, is] = [before.variables.get(VARIABLE) ?? "", after.variables.get(VARIABLE)];
  // Beside an endpoint that stays, the variable is put back.
  const hasFollowed =
    typeof was === "string" && is === after.endpoint.host && isRecorded(after, facts(oldObject));
  if (was !== "" && !hasFollowed) same(is, was);
  const { [PAUSED]: pause } = before.annotations;
  must(pause === undefined || pause === OUR_PAUSE || after.annotations[PAUSED] === pause, "another pause");
  same(pausedOf(result), pausedOf(object));
}

const vipBefore = (old: KubeObject | undefined): string | undefined => facts(old).endpoint.host;

const isRecorded = ({ endpoint }: ClusterFacts, { annotations }: ClusterFacts): boolean =>
  sameHost(endpoint.host, annotations[CONTROL_PLANE.annotation]);

/** Host and variable that nobody touched are left alone, also where they never agreed. */
function leavesAlone({ review: { object, oldObject }, result }: Answered): void {
  if (facts(object).annotations[ALLOW_CHANGE] !== undefined) return;
  const [old, before] = [facts(oldObject), facts(object)];
  const variable = before.variables.get(VARIABLE) ?? "";
  if (variable === "" || old.endpoint.host !== before.endpoint.host) return;
  if (JSON.stringify(old.variables.get(VARIABLE)) !== JSON.stringify(variable)) return;
  same(facts(result).variables.get(VARIABLE), variable);
}

const pausedOf = (object: KubeObject): unknown =>
  (object["spec"] as { paused?: unknown } | undefined)?.paused;

const OURS = [
  /^(add|replace|remove) \/metadata\/annotations\/(vip\.capi\.gorizond\.io~1(hold|allow-change|(control-plane|ingress)-vip(-replaced)?)|cluster\.x-k8s\.io~1paused)$/,
  /^(add|replace|remove) \/metadata\/labels\/vip\.capi\.gorizond\.io~1ingress-vip$/,
  /^(add|replace) \/spec\/controlPlaneEndpoint\/(host|port)$/,
  /^(add|replace) \/spec\/topology\/variables\/\d+\/value$/,
  /^add \/spec\/topology\/variables\/\d+$/,
  /^add \/(metadata\/(annotations|labels)|spec\/controlPlaneEndpoint|spec\/topology\/variables)$/,
];

function changesOnlyOurs({ answer }: Answered): void {
  for (const { op, path } of answer.patch)
    must(
      OURS.some((ours) => ours.test(`${op} ${path}`)),
      `${op} ${path}`,
    );
}

function isSafe(): void {
  must(({} as { polluted?: unknown }).polluted === undefined, "({}).polluted is there");
  must(Object.keys(Object.prototype).length === 0, "every object has a new key");
}

const LONG_MS = 120_000;

function law(
  title: string,
  reviews: fc.Arbitrary<Review>,
  numRuns: number,
  ...laws: ((of: Answered) => void)[]
): void {
  const asked = fc.asyncProperty(reviews, async (review) => {
    const answered = await ask(review);
    for (const holds of laws) holds(answered);
  });
  test(title, () => fc.assert(asked, { numRuns }), LONG_MS);
}

describe("An update", () => {
  const always = [
    isAllowedOrSaysWhy,
    refusesChangesOnly,
    isExactlyTheEdit,
    needsNoSecond,
    isNoMistake,
    isSafe,
  ];

  law(
    "gets back what is ours, and nothing else is touched",
    updates,
    1200,
    ...[...always, keepsWhatIsTheirs, leavesAlone, changesOnlyOurs],
  );

  law("of a mutated Cluster is answered like any other", mutatedUpdates, 900, ...always, keepsWhatIsTheirs);

  law("of junk is answered like any other", junkUpdates, 500, ...always);

  test("is answered before anybody else has a turn", async () => {
    await fc.assert(
      fc.asyncProperty(updates, async (review) => {
        const hook = new ClusterHook(untouchable(), 0, () => undefined);
        const request = { Request: { ...review, uid: "1", namespace: NAMESPACE }, Raw: review.object };
        const { refusal } = restoration(review.oldObject, review.object);
        const answered = hook.admit(request as unknown as Parameters<ClusterHook["admit"]>[0]).then(
          () => "allowed",
          (error: unknown) => String(error),
        );
        if (!refusal) same(request.Raw, edited(review.oldObject, review.object));
        expect(await answered).toContain(refusal ? `(${refusal.reason})` : "allowed");
      }),
    );
  });
});
