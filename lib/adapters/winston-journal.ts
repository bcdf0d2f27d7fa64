/**
 * Answers: what was decided and done? In JSON, one line for each role of a create and of a pass of the watch, and
 * none while nothing changes. Names and reasons only: no object is ever logged as a whole.
 */
import winston from "winston";
import { isEmpty, NO_EDIT } from "../core/edit";
import { keyText, type Facts, type Key } from "../core/facts";
import type { Decision, Plan } from "../core/plan";
import type { Role } from "../core/roles";
import type { Step } from "../core/row";
import { REASONS, type Verdict } from "../core/verdict";
import type { Outcome } from "../ports/executor";
import type { Journal } from "../ports/journal";
import { factsInWords, planInWords } from "./words";

/** Field names and order as in Pepr's own lines (pino), so that one query reads both. */
export function jsonLogger(
  level: string,
  transport: winston.transport = new winston.transports.Console(),
): winston.Logger {
  const asPino = winston.format((info, _) =>
    Object.assign(info, { time: Date.now(), msg: info.message, message: undefined }),
  );
  return winston.createLogger({
    level,
    format: winston.format.combine(asPino(), winston.format.json()),
    transports: [transport],
  });
}

const LEVELS = { good: "info", waiting: "info", attention: "warn", refusal: "warn" } as const;

/** What a pass has come to for one role so far. */
interface Course {
  readonly verdict: Verdict;
  readonly row: string;
  readonly steps: readonly Step[];
  readonly failure: Outcome | undefined;
}

export class WinstonJournal implements Journal {
  /** Passes that are under way, by Cluster and role; a key has one at a time. */
  readonly #passes = new Map<string, Map<Role, Course>>();
  /** The last words of each Cluster and role. */
  readonly #said = new Map<string, string>();
  /** The last facts and plan of each Cluster. */
  readonly #planned = new Map<string, string>();

  constructor(private readonly logger: winston.Logger) {}

  record(facts: Facts, plan: Plan, outcome: Outcome): void {
    if (this.logger.isDebugEnabled()) this.#explain(facts, plan);
    for (const decision of plan.decisions)
      if (facts.occasion === "admission") this.#answer(facts, plan, decision, outcome);
      else this.#goOn(facts.key, decision.role, { verdict: decision.verdict, row: decision.row });
  }

  wrote({ key }: Facts, role: Role, steps: readonly Step[], outcome: Outcome): void {
    const before = this.#passes.get(keyText(key))?.get(role);
    const hasFailed = outcome.kind === "refused" || outcome.kind === "unreachable";
    this.#goOn(key, role, {
      steps: [...(before?.steps ?? []), ...steps],
      ...(hasFailed && { failure: outcome }),
    });
  }

  passed(key: Key): void {
    const courses = this.#passes.get(keyText(key));
    this.#passes.delete(keyText(key));
    for (const [role, course] of courses ?? []) this.#say(key, role, course);
  }

  #goOn(key: Key, role: Role, more: Partial<Course>): void {
    const courses = this.#passes.get(keyText(key)) ?? new Map<Role, Course>();
    const before = courses.get(role) ?? NOTHING_YET;
    this.#passes.set(keyText(key), courses.set(role, { ...before, ...more }));
  }

  /** A pass that wrote something says so; else only what is new is said. */
  #say(key: Key, role: Role, { verdict, row, steps, failure = DONE }: Course): void {
    const line = lineOf(key, role, { verdict, row, steps, outcome: failure });
    const name = `${keyText(key)}/${role.name}`;
    const words = JSON.stringify([verdict, failure]);
    const before = this.#said.get(name);
    // Nothing is left of it, and nothing was done.
    const isOver = verdict.reason === "Gone" && steps.length === 0;
    if (isOver) this.#said.delete(name);
    else this.#said.set(name, words);
    const hasWritten = steps.length > 0 && failure === DONE;
    const isNews = isOver ? before !== undefined : before !== words || hasWritten;
    if (isNews) this.logger.log(levelOf(verdict, failure), "Reconciling Cluster", line);
  }

  /** A create is asked once, and answered once; before it is answered it has more to say. */
  #answer({ key }: Facts, plan: Plan, decision: Decision, outcome: Outcome): void {
    const { role, verdict, row, steps = [], edit = NO_EDIT } = decision;
    const goesOn =
      outcome.kind === "done" && (plan.steps.length > 0 || plan.waitFor || plan.looks.length > 0);
    const line = lineOf(key, role, { verdict, row, steps, outcome });
    const change = isEmpty(edit) ? {} : { edit: Object.keys(edit) };
    this.logger.log(goesOn ? "debug" : levelOf(verdict, outcome), "Admitting Cluster", {
      ...line,
      ...change,
    });
  }

  #explain(facts: Facts, plan: Plan): void {
    const line = { Cluster: nameOf(facts.key), facts: factsInWords(facts), plan: planInWords(plan) };
    const words = JSON.stringify([line.facts, line.plan]);
    const name = keyText(facts.key);
    if (facts.occasion === "watch" && this.#planned.get(name) === words) return;
    if (facts.cluster.state === "absent") this.#planned.delete(name);
    else if (facts.occasion === "watch") this.#planned.set(name, words);
    this.logger.debug("Planned", line);
  }
}

const DONE: Outcome = { kind: "done", claims: [] };

const NOTHING_YET: Course = {
  verdict: { reason: "Gone", detail: "" },
  row: "",
  steps: [],
  failure: undefined,
};

const levelOf = ({ reason }: Verdict, outcome: Outcome): string =>
  outcome.kind === "refused" ? "error" : LEVELS[REASONS[reason].class];

interface Said extends Omit<Course, "failure"> {
  readonly outcome: Outcome;
}

function lineOf(key: Key, role: Role, { verdict, row, steps, outcome }: Said): object {
  return {
    Cluster: nameOf(key),
    role: role.name,
    reason: verdict.reason,
    ...(verdict.detail && { detail: verdict.detail }),
    row,
    ...(steps.length > 0 && { steps: steps.map(({ kind }) => kind) }),
    ...(outcome.kind !== "done" && { outcome: outcome.kind, why: outcome.why }),
  };
}

/** As Cluster API's own lines have it in JSON: `"Cluster":{"name":"demo","namespace":"default"}`. */
const nameOf = ({ namespace, name }: Key): object => ({ name, namespace });
