/**
 * Answers: how is one object of a manifest changed without touching the others?
 *
 * The manifest carries Secrets of a hundred kilobytes in one line; only the document that changes is
 * parsed and written again, every other one keeps its bytes.
 */
import { Document, parse, parseDocument } from "yaml";
import { BuildFailure } from "./build-failure";

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

const SEPARATOR = /^---\n/m;

const chunksOf = (manifest: string): readonly string[] =>
  manifest.split(SEPARATOR).filter((chunk) => chunk.trim() !== "");

export const objectsOf = (manifest: string): readonly KubeObject[] =>
  chunksOf(manifest).map((chunk) => parse(chunk) as KubeObject);

/** Lines are not folded: an expression stays in one piece, and readable. */
export const yamlOf = (document: Document): string => document.toString({ lineWidth: 0 });

export const changeObject = (manifest: string, kind: string, change: (document: Document) => void): string =>
  changeChunk(manifest, kind, (chunk) => [changed(chunk, change)]);

/** Several objects in the place of one, in their order. */
export const replaceObject = (manifest: string, kind: string, objects: readonly KubeObject[]): string =>
  changeChunk(manifest, kind, () =>
    objects.map((object) => yamlOf(new Document(object, { aliasDuplicateObjects: false }))),
  );

function changeChunk(manifest: string, kind: string, change: (chunk: string) => readonly string[]): string {
  const chunks = chunksOf(manifest);
  const documents = chunks.map((chunk) => ({ chunk, is: new RegExp(`^kind: ${kind}$`, "m").test(chunk) }));
  if (documents.filter(({ is }) => is).length !== 1)
    throw new BuildFailure(`the manifest must have exactly one ${kind}`);
  return documents.flatMap(({ chunk, is }) => (is ? change(chunk) : [chunk])).join("---\n");
}

function changed(chunk: string, change: (document: Document) => void): string {
  const document = parseDocument(chunk);
  change(document as Document);
  return yamlOf(document as Document);
}
