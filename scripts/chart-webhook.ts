/**
 * Answers: what must the chart's webhook templates be?
 *
 * Pepr makes it by replacing texts anywhere in the YAML: a timeout of 15 also replaces a "15" inside the
 * generated path or the certificate. So the template is made anew from the object in the plain manifest,
 * with exactly those fields open that Pepr's values.yaml decides. Our own value there decides the order: which
 * configurations there are, and which of them is asked about creates.
 */
import { isDeepStrictEqual } from "node:util";
import { Document, parse } from "yaml";
import { underValues, type WebhookConfiguration, type WebhookValues } from "./chart-values";
import { yamlOf } from "./manifest";
import { configurationsOf, firstOf, laterOf } from "./webhook-order";

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
const IF_FIRST = "{{- if .Values.admission.beforeClusterApi }}";
const ELSE = "{{- else }}";
const END = "{{- end }}";
const IGNORED_NAMESPACES = ["{{- range .Values.additionalIgnoredNamespaces }}", "- {{ . }}", "{{- end }}"];

/** The configuration under the plain name; it leaves most to the first one where there is one. */
export const webhookTemplate = (plain: WebhookConfiguration, values: WebhookValues): string =>
  `${IF_FIRST}\n${opened(laterOf(plain), values)}${ELSE}\n${opened(plain, values)}${END}\n`;

/** The configuration that sorts before Cluster API's; nothing where nobody asked for it. */
export const firstTemplate = (plain: WebhookConfiguration, values: WebhookValues): string =>
  `${IF_FIRST}\n${opened(firstOf(plain), values)}${END}\n`;

function opened(configuration: WebhookConfiguration, values: WebhookValues): string {
  return yamlOf(new Document(underValues(configuration, values, OPEN), { aliasDuplicateObjects: false }))
    .replaceAll(OPEN.uuid, UUID)
    .replaceAll(OPEN.admission.failurePolicy, FAILURE_POLICY)
    .replaceAll(`${OPEN.admission.webhookTimeout}`, WEBHOOK_TIMEOUT)
    .replace(new RegExp(`^( *)- ${IGNORED}\n`, "gm"), (_, indent: string) =>
      IGNORED_NAMESPACES.map((line) => `${indent}${line}\n`).join(""),
    );
}

const RANGE =
  /^( *)\{\{- range \.Values\.additionalIgnoredNamespaces \}\}\n *- \{\{ \. \}\}\n *\{\{- end \}\}\n/gm;

const BY_ORDER =
  /^\{\{- if \.Values\.admission\.beforeClusterApi \}\}\n([^]*?)(?:^\{\{- else \}\}\n([^]*?))?^\{\{- end \}\}\n/m;

/** As much of Helm as the template uses. What it does not know stays, and fails the comparison. */
function rendered(template: string, values: WebhookValues): string {
  return template
    .replace(RANGE, (_, indent: string) =>
      values.additionalIgnoredNamespaces.map((name) => `${indent}- ${name}\n`).join(""),
    )
    .replace(BY_ORDER, (_, first: string, otherwise = "") =>
      values.admission.beforeClusterApi ? first : otherwise,
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

const inOrder = (values: WebhookValues, beforeClusterApi: boolean): WebhookValues => ({
  ...values,
  admission: { ...values.admission, beforeClusterApi },
});

/** Do the templates together say what the manifests say, under their own values and under others? */
export function saysTheSame(
  templates: readonly string[],
  plain: WebhookConfiguration,
  values: WebhookValues,
  orders: readonly boolean[] = [false, true],
): boolean {
  return [values, otherThan(values)]
    .flatMap((some) => orders.map((order) => inOrder(some, order)))
    .every((chosen) =>
      isDeepStrictEqual(
        templates.map((template) => read(rendered(template, chosen))).filter((object) => object !== null),
        configurationsOf(underValues(plain, values, chosen), chosen.admission.beforeClusterApi ?? false),
      ),
    );
}

function read(yaml: string): unknown {
  try {
    return parse(yaml);
  } catch {
    return undefined;
  }
}
