/** Answers: how do our words reach the API server through Pepr? */
import type { PeprMutateRequest } from "pepr";
import type { KubernetesObject } from "kubernetes-fluent-client";
import { applyEdit, isEmpty, type Edit } from "../core/edit";
import type { KubeObject } from "../core/facts";

/**
 * Makes the change of the request exactly the edit. Pepr marks every object it has seen with a status
 * annotation of its own, also where nothing changed; on a Cluster that would be drift in every GitOps
 * tool, so the mark is taken off and kept off.
 */
export function setEdit<T extends KubernetesObject>(request: PeprMutateRequest<T>, edit: Edit): void {
  const original = request.Request.object as unknown as KubeObject;
  request.Raw = (isEmpty(edit) ? structuredClone(original) : applyEdit(original, edit)) as unknown as T;
  request.SetAnnotation = () => request;
}

interface Note {
  readonly warnings: readonly string[];
  readonly refusal: string | undefined;
}

/** The part of Pepr's answer that we complete; it reaches the API server as it stands. */
interface Answer {
  uid: string;
  allowed: boolean;
  warnings?: string[] | undefined;
  status?: { code?: number; message?: string } | undefined;
  result?: string | undefined;
}

const FORBIDDEN = 403;

/**
 * What to say to the user of a request, from callback to answer. Pepr has no way to warn, and a refusal
 * of its reaches the user as "denied the request without explanation".
 */
export class AdmissionNotes {
  readonly #notes = new Map<string, Note>();

  put(uid: string, note: Note): void {
    if (note.warnings.length > 0 || note.refusal !== undefined) this.#notes.set(uid, note);
  }

  refusalOf(uid: string): string | undefined {
    return this.#notes.get(uid)?.refusal;
  }

  /** Pepr's `afterHook`. A warning set any earlier would deny the request under `onError: reject`. */
  complete(answer: Answer): void {
    const note = this.#notes.get(answer.uid);
    this.#notes.delete(answer.uid);
    if (!note) return;
    if (note.refusal === undefined) {
      answer.warnings = [...(answer.warnings ?? []), ...note.warnings];
      return;
    }
    answer.allowed = false;
    answer.status = { code: FORBIDDEN, message: note.refusal };
    delete answer.warnings;
    delete answer.result;
  }
}
