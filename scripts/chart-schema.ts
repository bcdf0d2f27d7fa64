/**
 * Answers: what may an installation of the chart choose about the webhook?
 *
 * The module knows only the timeout it was built with. Under a shorter one the API server would give up on
 * requests that the module still works on; 30 seconds is the API server's own limit. And Pepr's schema
 * refuses a value that it does not know, so the order of the webhooks, which is ours, is added.
 */
import { BuildFailure } from "./build-failure";

interface Properties {
  readonly webhookTimeout?: object;
}

interface Schema {
  readonly definitions?: { readonly Admission?: { readonly properties?: Properties } };
}

export const withTimeoutBounds = (schema: Schema, minimum: number): Schema =>
  withAdmission(schema, (properties) => {
    if (!properties.webhookTimeout)
      throw new BuildFailure("values.schema.json: expected definitions.Admission.properties.webhookTimeout");
    return { webhookTimeout: { ...properties.webhookTimeout, minimum, maximum: 30 } };
  });

export const withOrder = (schema: Schema): Schema =>
  withAdmission(schema, () => ({ beforeClusterApi: { type: "boolean" } }));

function withAdmission(schema: Schema, more: (properties: Properties) => object): Schema {
  const admission = schema.definitions?.Admission ?? {};
  const properties = admission.properties ?? {};
  return {
    ...schema,
    definitions: {
      ...schema.definitions,
      Admission: { ...admission, properties: { ...properties, ...more(properties) } },
    },
  };
}
