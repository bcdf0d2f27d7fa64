/** Answers: what was decided and done? One line of JSON a pass, and none while nothing changes. */
import winston from "winston";
import { isEmpty, NO_EDIT } from "../core/edit";
import type { Facts } from "../core/facts";
import type { Decision, Plan } from "../core/plan";
import { REASONS, type Verdict } from "../core/verdict";
import type { Outcome } from "../ports/executor";
import type { Journal } from "../ports/journal";

/** Field names and order as in Pepr's own lines (pino), so that one query reads both. */
export function jsonLogger(level: string): winston.Logger {
  const asPino = winston.format((info, _) =>
    Object.assign(info, { time: Date.now(), msg: info.message, message: undefined }),
  );
  return winston.createLogger({
    level,
    format: winston.format.combine(asPino(), winston.format.json()),
    transports: [new winston.transports.Console()],
  });
}

const LEVELS = { good: "info", waiting: "info", attention: "warn", refusal: "warn" } as const;

export class WinstonJournal implements Journal {
  readonly #said = new Map<string, string>();

  constructor(private readonly logger: winston.Logger) {}

  record(facts: Facts, plan: Plan, outcome: Outcome): void {
    for (const decision of plan.decisions) this.#say(facts, plan, decision, outcome);
    this.logger.debug("Planned", { Cluster: nameOf(facts), plan: summary(plan) });
  }

  #say(facts: Facts, plan: Plan, decision: Decision, outcome: Outcome): void {
    const { role, row, verdict, edit = NO_EDIT } = decision;
    const steps = (decision.steps ?? []).map(({ kind }) => kind);
    const line = {
      Cluster: nameOf(facts),
      role: role.name,
      reason: verdict.reason,
      ...(verdict.detail && { detail: verdict.detail }),
      row,
      ...(steps.length > 0 && { steps }),
      ...(!isEmpty(edit) && { edit: Object.keys(edit) }),
      ...(outcome.kind !== "done" && { outcome: outcome.kind, why: outcome.why }),
    };
    const key = `${nameOf(facts)}/${role.name}`;
    const words = JSON.stringify(line);
    if (facts.occasion === "watch" && this.#repeats(key, words, verdict)) return;
    const level = levelOf(facts, plan, verdict, outcome);
    this.logger.log(
      level,
      facts.occasion === "admission" ? "Admitting Cluster" : "Reconciling Cluster",
      line,
    );
  }

  /** The watch passes again and again; a create is asked once, and answered once. */
  #repeats(key: string, words: string, { reason }: Verdict): boolean {
    if (this.#said.get(key) === words) return true;
    if (reason === "Gone") this.#said.delete(key);
    else this.#said.set(key, words);
    return false;
  }
}

/** A create that goes on has more to say before it is answered. */
function levelOf(
  { occasion }: Facts,
  { steps, waitFor }: Plan,
  { reason }: Verdict,
  outcome: Outcome,
): string {
  if (outcome.kind === "refused") return "error";
  const goesOn = occasion === "admission" && outcome.kind === "done" && (steps.length > 0 || waitFor);
  return goesOn ? "debug" : LEVELS[REASONS[reason].class];
}

const nameOf = ({ key }: Facts): string => `${key.namespace}/${key.name}`;

const summary = ({ decisions, lookAgainMs }: Plan): unknown => ({
  rows: decisions.map(({ row }) => row),
  lookAgainMs,
});
