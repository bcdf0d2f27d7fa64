/**
 * Answers: which webhook timeouts may an installation of the chart choose?
 *
 * The module knows only the timeout it was built with. Under a shorter one the API server would give up on
 * requests that the module still works on; 30 seconds is the API server's own limit.
 */
import { BuildFailure } from "./build-failure";

interface Schema {
  readonly definitions?: { readonly Admission?: { readonly properties?: { webhookTimeout?: object } } };
}

export function withTimeoutBounds(schema: Schema, minimum: number): Schema {
  const admission = schema.definitions?.Admission;
  if (!admission?.properties?.webhookTimeout)
    throw new BuildFailure("values.schema.json: expected definitions.Admission.properties.webhookTimeout");
  const webhookTimeout = { ...admission.properties.webhookTimeout, minimum, maximum: 30 };
  return {
    ...schema,
    definitions: {
      ...schema.definitions,
      Admission: { ...admission, properties: { ...admission.properties, webhookTimeout } },
    },
  };
}
