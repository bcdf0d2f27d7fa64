/** Answers: what does the admission webhook do with a Cluster? Between Pepr's request and our flows. */
import { randomInt } from "node:crypto";
import type { PeprMutateRequest } from "pepr";
import { clusterFacts } from "../lib/adapters/kube-objects";
import { AdmissionNotes, setEdit } from "../lib/adapters/pepr-request";
import { applyEdit, hold, mergeEdits, NO_EDIT, type Edit } from "../lib/core/edit";
import { keyText, type ClusterFacts, type KubeObject } from "../lib/core/facts";
import { restore, type Restoration } from "../lib/core/restore";
import { tidy } from "../lib/core/tidy";
import { sentence, type Verdict } from "../lib/core/verdict";
import { admit, type Admission, type Ports } from "../lib/flows/admit";
import type { Journal } from "../lib/ports/journal";
import type { Cluster } from "./kinds";

type Request = PeprMutateRequest<Cluster>;

export class ClusterHook {
  readonly #notes = new AdmissionNotes();

  /**
   * @param budgetMs after which a create is answered with what is known
   * @param failed hears of mistakes of ours; the request is answered all the same
   * @param journal is told of answers; an update gets none of the ports, for it waits for nothing
   */
  constructor(
    private readonly ports: Ports,
    private readonly budgetMs: number,
    private readonly failed: (operation: string, error: unknown) => void,
    private readonly journal: Pick<Journal, "updated" | "answered"> = {},
  ) {}

  /**
   * A mistake of ours must neither deny a request nor let a Cluster through that nobody looked at.
   *
   * @throws Error with the words for the user, where the request is to be denied: Pepr's way to deny
   */
  async admit(request: Request): Promise<void> {
    const { operation, uid } = request.Request;
    const began = performance.now();
    if (operation === "UPDATE") this.#update(request);
    else
      try {
        this.#notes.put(uid, await this.#create(request));
      } catch (error) {
        this.failed(operation, error);
        setEdit(request, unlooked(objectOf(request)));
      }
    this.journal.answered?.(operation, performance.now() - began);
    const refusal = this.#notes.refusalOf(uid);
    if (refusal !== undefined) throw new Error(refusal);
  }

  /** Pepr's `afterHook`: warnings and refusals reach the user in words. */
  complete(answer: Parameters<AdmissionNotes["complete"]>[0]): void {
    this.#notes.complete(answer);
  }

  #update(request: Request): void {
    try {
      const { edit, told, ...note } = restored(request);
      setEdit(request, edit);
      this.#notes.put(request.Request.uid, note);
      this.journal.updated?.(...told, request.IsDryRun === true);
    } catch (error) {
      this.failed("UPDATE", error);
      setEdit(request, NO_EDIT);
    }
  }

  async #create(request: Request): Promise<Admission> {
    const { namespace } = request.Request;
    const object = objectOf(request);
    const tidied = tidy(clusterFacts(object, namespace), generatedSuffix());
    const cluster = clusterFacts(applyEdit(object, tidied), namespace);
    const budget = new AbortController();
    const callOff = this.ports.clock.after(this.budgetMs, () => budget.abort());
    try {
      const admission = await admit(cluster, request.IsDryRun === true, budget.signal, this.ports);
      setEdit(request, mergeEdits(tidied, admission.edit));
      return admission;
    } finally {
      callOff();
    }
  }
}

/** Not even that an object has metadata was checked before us. */
const unlooked = ({ metadata }: Partial<KubeObject>): Edit =>
  hold(metadata?.annotations ?? {}, "Unreachable");

/** Takes no port, so it cannot wait for anything: an update costs what a function call costs. */
function restored(request: Request): Admission & { told: readonly [ClusterFacts, Restoration] } {
  const { namespace, oldObject } = request.Request;
  const old = clusterFacts(oldObject as unknown as KubeObject, namespace);
  const restoration = restore(old, clusterFacts(objectOf(request), namespace));
  const { edit, warnings, refusal } = restoration;
  const said = (verdict: Verdict): string => sentence(verdict, keyText(old.key));
  return {
    edit,
    warnings: warnings.map(said),
    refusal: refusal && said(refusal),
    told: [old, restoration],
  };
}

const objectOf = ({ Request }: Request): KubeObject => Request.object as unknown as KubeObject;

/** The API server's own alphabet for generated names: no vowels, no letters that look like digits. */
const SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789";
const generatedSuffix = (): string =>
  Array.from({ length: 5 }, () => SUFFIX_LETTERS[randomInt(SUFFIX_LETTERS.length)]).join("");
