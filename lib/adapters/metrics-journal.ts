/** Answers: which counters move with what was decided and done? */
import {
  bringsVip,
  errorOfCreate,
  errorOfWatch,
  errorOfWrite,
  isAllocated,
  waitingSince,
  type ErrorReason,
} from "../core/accounts";
import type { Edit } from "../core/edit";
import type { ClusterFacts, Facts, Key, RoleFacts } from "../core/facts";
import { keyText, valueOf } from "../core/facts";
import type { Plan } from "../core/plan";
import { putBack } from "../core/put-back";
import type { Restoration } from "../core/restore";
import type { Role } from "../core/roles";
import type { Step } from "../core/row";
import { isSettled, type Reason, type Verdict } from "../core/verdict";
import type { Clock } from "../ports/clock";
import type { Outcome } from "../ports/executor";
import type { Answered, Journal } from "../ports/journal";
import type { Return } from "../ports/queue";
import type { Metrics, Sample } from "./metrics";

const SECOND = 1000;

/** What the last round of a pass said. */
interface Said {
  readonly cluster_class: string;
  readonly verdicts: readonly Verdict[];
}

export class MetricsJournal implements Journal {
  /** By Cluster and role, for as long as the Cluster is there. */
  readonly #reasons = new Map<string, ReadonlyMap<string, Reason>>();
  /** Passes that are under way; a key has one at a time. */
  readonly #passes = new Map<string, Said & { readonly hasWritten: boolean }>();

  constructor(
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {
    metrics.gauge("clusters", () => this.#clusters());
  }

  record(facts: Facts, { decisions }: Plan): void {
    if (facts.occasion !== "watch") return;
    const key = keyText(facts.key);
    const hasWritten = this.#passes.get(key)?.hasWritten ?? false;
    const verdicts = decisions.map(({ verdict }) => verdict);
    this.#passes.set(key, { cluster_class: classOf(facts), verdicts, hasWritten });
    const cluster = valueOf(facts.cluster);
    if (cluster) this.#decided(key, facts, cluster, decisions);
    else if (facts.cluster.state === "absent") this.#reasons.delete(key);
  }

  wrote(facts: Facts, role: Role, steps: readonly Step[], outcome: Outcome): void {
    const key = keyText(facts.key);
    const pass = this.#passes.get(key) ?? { cluster_class: classOf(facts), verdicts: [], hasWritten: false };
    this.#passes.set(key, { ...pass, hasWritten: true });
    for (const step of doneOf(steps, outcome)) this.#done(step, facts, role);
    if (outcome.kind !== "refused" && outcome.kind !== "unreachable") return;
    const reason = errorOfWrite(outcome.step);
    if (reason) this.#failed(role, facts, reason);
  }

  passed(of: Key, back: Return | undefined, ms: number): void {
    const key = keyText(of);
    const { cluster_class = "", verdicts = [], hasWritten = false } = this.#passes.get(key) ?? {};
    this.#passes.delete(key);
    this.metrics.count("reconcile_total", { cluster_class, result: resultOf(back, verdicts, hasWritten) });
    this.metrics.observe("reconcile_duration_seconds", { cluster_class }, ms / SECOND);
  }

  waited(role: Role, ms: number): void {
    this.metrics.observe("admission_wait_seconds", { role: role.name }, ms / SECOND);
  }

  admitted(roles: readonly Answered[], refusal: Verdict | undefined, ms: number): void {
    if (refusal) this.metrics.count("refusals_total", { operation: "CREATE", reason: refusal.reason });
    for (const { facts, plan } of roles) {
      const decisions = facts.dryRun ? [] : plan.decisions;
      for (const { role, verdict } of decisions)
        this.#answered(role, verdict, facts, refusal ? undefined : ms);
    }
  }

  /** @param ms undefined where the create is refused: then what one role got is given back */
  #answered(role: Role, verdict: Verdict, facts: Facts, ms: number | undefined): void {
    const known = facts.roles.find((one) => one.role === role);
    const error = errorOfCreate(verdict, facts);
    if (error) this.#failed(role, facts, error);
    else if (known && ms !== undefined && isAllocated(verdict, known)) this.#allocated(role, facts, ms);
  }

  updated(old: ClusterFacts, { edit, refusal }: Restoration, dryRun: boolean): void {
    if (refusal) this.metrics.count("refusals_total", { operation: "UPDATE", reason: refusal.reason });
    if (dryRun) return;
    for (const { name } of putBack(old, edit)) this.metrics.count("restores_total", { role: name });
  }

  answered(operation: string, ms: number): void {
    this.metrics.observe("admission_duration_seconds", { operation }, ms / SECOND);
  }

  #decided(key: string, facts: Facts, cluster: ClusterFacts, decisions: Plan["decisions"]): void {
    const before = this.#reasons.get(key);
    for (const { role, verdict } of decisions) {
      const known = facts.roles.find((one) => one.role === role);
      const error = known && errorOfWatch(verdict, known, cluster, before?.get(role.name));
      if (error) this.#failed(role, facts, error);
    }
    this.#reasons.set(key, new Map(decisions.map(({ role, verdict }) => [role.name, verdict.reason])));
  }

  #done(step: Step, facts: Facts, role: Role): void {
    const isGone = facts.cluster.state === "absent";
    const own = { role: role.name };
    if (step.kind === "edit-cluster") this.#edited(step.edit, step.cluster, facts);
    else if (step.kind === "release-address") this.metrics.count("releases_total", own);
    else if (isGone && (step.kind === "delete-claim" || step.kind === "delete-address"))
      this.metrics.count("orphans_swept_total", own);
  }

  /** One write brings what all roles ask for. */
  #edited(edit: Edit, cluster: ClusterFacts, facts: Facts): void {
    for (const role of facts.roles.filter((one) => bringsVip(edit, one, cluster)))
      this.#allocated(role.role, facts, this.#waitOf(role, cluster));
  }

  #waitOf(role: RoleFacts, cluster: ClusterFacts): number {
    const now = this.clock.now();
    return now - (waitingSince(role, cluster) ?? now);
  }

  #allocated({ name }: Role, facts: Facts, ms: number): void {
    const labels = { role: name, cluster_class: classOf(facts) };
    this.metrics.count("allocations_total", labels);
    this.metrics.observe("allocation_duration_seconds", labels, ms / SECOND);
  }

  #failed({ name }: Role, facts: Facts, reason: ErrorReason): void {
    this.metrics.count("allocation_errors_total", { role: name, cluster_class: classOf(facts), reason });
  }

  #clusters(): Sample<"clusters">[] {
    const counts = new Map<string, Sample<"clusters">>();
    for (const reasons of this.#reasons.values())
      for (const [role, reason] of reasons) {
        const id = `${role} ${reason}`;
        counts.set(id, { labels: { role, reason }, value: (counts.get(id)?.value ?? 0) + 1 });
      }
    return [...counts.values()];
  }
}

/** Of a class that is there: anybody may write any name into a create, and each would be a series for ever. */
function classOf({ cluster, class: known }: Facts): string {
  return (known.state === "found" && valueOf(cluster)?.class?.name) || "";
}

/** The steps before the one at which it ended. */
function doneOf(steps: readonly Step[], outcome: Outcome): readonly Step[] {
  if (outcome.kind === "done") return steps;
  const at = steps.findIndex(({ kind }) => kind === outcome.step);
  return steps.slice(0, Math.max(at, 0));
}

/** A Cluster that is none of our business, or not now. */
const SKIPPED: readonly Reason[] = ["NotManaged", "NoTopology", "OptedOut", "Moved", "Paused", "Gone"];

function resultOf(back: Return | undefined, verdicts: readonly Verdict[], hasWritten: boolean): string {
  if (!back || back.kind === "retry") return "error";
  if (!hasWritten && verdicts.every(({ reason }) => SKIPPED.includes(reason))) return "skipped";
  return verdicts.every(isSettled) ? "success" : "requeued";
}
