import { parseDocument } from "yaml";
import { withOrderSaid, type WebhookConfiguration, type WebhookValues } from "../../../scripts/chart-values";
import { firstTemplate, saysTheSame, webhookTemplate } from "../../../scripts/chart-webhook";
import { matchConditions } from "../../../scripts/match-conditions";
import { completeWebhook } from "../../../scripts/webhook";

const values: WebhookValues = {
  uuid: "pepr-some",
  additionalIgnoredNamespaces: [],
  admission: { failurePolicy: "Fail", webhookTimeout: 15 },
};

const plainYaml = (path: string): string => `apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata:
  name: pepr-some
webhooks:
  - name: pepr-some.pepr.dev
    clientConfig:
      caBundle: >-
        LS0t15
        Fail15
      service:
        name: pepr-some
        namespace: pepr-system
        path: ${path}
    failurePolicy: Fail
    namespaceSelector:
      matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: NotIn
          values:
            - kube-system
            - pepr-system
    rules:
      - apiGroups:
          - cluster.x-k8s.io
        apiVersions:
          - v1beta2
        operations:
          - CREATE
          - UPDATE
        resources:
          - clusters
    sideEffects: None
    timeoutSeconds: 15
`;

const plain = (path = "/mutate/a15b"): WebhookConfiguration => {
  const document = parseDocument(plainYaml(path));
  completeWebhook(document);
  return document.toJS() as WebhookConfiguration;
};

describe("A completed webhook", () => {
  test("says that a dry-run has no side effects, and when to call it; the rest stays", () => {
    const before = parseDocument(plainYaml("/mutate/a15b")).toJS() as WebhookConfiguration;
    expect(plain().webhooks).toEqual([
      { ...before.webhooks[0], sideEffects: "NoneOnDryRun", matchConditions: matchConditions() },
    ]);
  });
});

describe("The chart's webhook templates", () => {
  const template = webhookTemplate(plain(), values);
  const first = firstTemplate(plain(), values);

  test("say what the manifests say, in both orders", () => {
    expect(saysTheSame([first, template], plain(), values)).toBe(true);
  });

  test.each([
    ["the first one is always there", first.replace(/^.*\n/, "").replace(/\{\{- end \}\}\n$/, ""), template],
    ["the first one is missing", "", template],
    [
      "a create is looked at twice",
      first,
      template.replace("          - UPDATE\n", "          - CREATE\n          - UPDATE\n"),
    ],
    ["a create is never looked at", first.replace(/ *- CREATE\n/, ""), template],
    ["the first one has the name that comes later", first.replace("before-cluster-api-", ""), template],
  ])("are known to be damaged where %s", (_, one, other) => {
    expect([one, other]).not.toEqual([first, template]);
    expect(saysTheSame([one, other], plain(), values)).toBe(false);
  });

  test("leaves numbers in the path and the certificate alone", () => {
    expect(template).toContain("path: /mutate/a15b\n");
    expect(template).toContain("caBundle: LS0t15 Fail15\n");
  });

  test("opens what Pepr's values decide, and nothing else", () => {
    const open = [...template.matchAll(/\{\{-? ?(.*?) ?-?\}\}/g)].map(([, text]) => text).sort();
    expect([...new Set(open)]).toEqual([
      ".",
      ".Values.admission.failurePolicy",
      ".Values.admission.webhookTimeout",
      ".Values.uuid",
      "else",
      "end",
      "if .Values.admission.beforeClusterApi",
      "range .Values.additionalIgnoredNamespaces",
    ]);
  });

  test("does not repeat a namespace that the values already ignore", () => {
    const ignoring = { ...values, additionalIgnoredNamespaces: ["quiet"] };
    const [webhook] = plain().webhooks;
    if (!webhook) throw new Error("the manifest has a webhook");
    const [expression] = webhook.namespaceSelector.matchExpressions;
    const names = [...(expression?.values ?? []), "quiet"];
    const selector = { matchExpressions: [{ ...expression, values: names }] };
    const manifest = { ...plain(), webhooks: [{ ...webhook, namespaceSelector: selector }] };
    const made = [firstTemplate(manifest, ignoring), webhookTemplate(manifest, ignoring)];
    expect(made.join("\n")).not.toContain("- quiet");
    expect(saysTheSame(made, manifest, ignoring)).toBe(true);
  });

  test.each([
    ["in the path", "/mutate/a15b", "/mutate/a{{ .Values.admission.webhookTimeout }}b"],
    ["in the certificate", "Fail15", "{{ .Values.admission.failurePolicy }}15"],
    ["that does not belong there", "v1beta2", "v1beta{{ .Values.unknown }}"],
  ])("is known to be damaged by an open field %s", (_, sound, damaged) => {
    expect(saysTheSame([first, template.replaceAll(sound, damaged)], plain(), values)).toBe(false);
    expect(saysTheSame([first.replaceAll(sound, damaged), template], plain(), values)).toBe(false);
  });
});

describe("The chart's values", () => {
  test("say the order, and are otherwise as Pepr wrote them", () => {
    expect(withOrderSaid("a: 1\nadmission:\n  failurePolicy: Fail\nwatcher: {}\n")).toBe(
      "a: 1\nadmission:\n  beforeClusterApi: false\n  failurePolicy: Fail\nwatcher: {}\n",
    );
  });

  test.each(["a: 1\n", "admission:\n  a: 1\nadmission:\n  b: 2\n"])(
    "are refused without one place for it",
    (yaml) => {
      expect(() => withOrderSaid(yaml)).toThrow("values.yaml");
    },
  );
});
