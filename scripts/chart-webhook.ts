/**
 * Answers: what must the chart's webhook template be?
 *
 * Pepr makes it by replacing texts anywhere in the YAML: a timeout of 15 also replaces a "15" inside the
 * generated path or the certificate. So the template is made anew from the object in the plain manifest,
 * with exactly those fields open that Pepr's values.yaml decides.
 */
import { isDeepStrictEqual } from "node:util";
import { Document, parse } from "yaml";
import { underValues, type WebhookConfiguration, type WebhookValues } from "./chart-values";
import { yamlOf } from "./manifest";

/** Words that YAML writes without quotes and that occur nowhere else. */
const IGNORED = "open-field-ignored-namespaces";
const OPEN: WebhookValues = {
  uuid: "open-field-uuid",
  additionalIgnoredNamespaces: [IGNORED],
  admission: { failurePolicy: "open-field-failure-policy", webhookTimeout: "open-field-webhook-timeout" },
};

const UUID = "{{ .Values.uuid }}";
const FAILURE_POLICY = "{{ .Values.admission.failurePolicy }}";
const WEBHOOK_TIMEOUT = "{{ .Values.admission.webhookTimeout }}";
const IGNORED_NAMESPACES = ["{{- range .Values.additionalIgnoredNamespaces }}", "- {{ . }}", "{{- end }}"];

export function webhookTemplate(plain: WebhookConfiguration, values: WebhookValues): string {
  return yamlOf(new Document(underValues(plain, values, OPEN), { aliasDuplicateObjects: false }))
    .replaceAll(OPEN.uuid, UUID)
    .replaceAll(OPEN.admission.failurePolicy, FAILURE_POLICY)
    .replaceAll(`${OPEN.admission.webhookTimeout}`, WEBHOOK_TIMEOUT)
    .replace(new RegExp(`^( *)- ${IGNORED}\n`, "gm"), (_, indent: string) =>
      IGNORED_NAMESPACES.map((line) => `${indent}${line}\n`).join(""),
    );
}

const RANGE =
  /^( *)\{\{- range \.Values\.additionalIgnoredNamespaces \}\}\n *- \{\{ \. \}\}\n *\{\{- end \}\}\n/gm;

/** As much of Helm as the template uses. What it does not know stays, and fails the comparison. */
function rendered(template: string, values: WebhookValues): string {
  return template
    .replace(RANGE, (_, indent: string) =>
      values.additionalIgnoredNamespaces.map((name) => `${indent}- ${name}\n`).join(""),
    )
    .replaceAll(UUID, values.uuid)
    .replaceAll(FAILURE_POLICY, values.admission.failurePolicy)
    .replaceAll(WEBHOOK_TIMEOUT, `${values.admission.webhookTimeout}`);
}

/** Values that occur nowhere in a manifest, so that whatever they change shows. */
const otherThan = (values: WebhookValues): WebhookValues => ({
  uuid: "another-uuid",
  additionalIgnoredNamespaces: [...values.additionalIgnoredNamespaces, "another-namespace"],
  admission: { failurePolicy: "AnotherPolicy", webhookTimeout: 4711 },
});

/** Does the template say what the manifest says, under its own values and under others? */
export function saysTheSame(template: string, plain: WebhookConfiguration, values: WebhookValues): boolean {
  return [values, otherThan(values)].every((chosen) =>
    isDeepStrictEqual(read(rendered(template, chosen)), underValues(plain, values, chosen)),
  );
}

function read(yaml: string): unknown {
  try {
    return parse(yaml);
  } catch {
    return undefined;
  }
}
