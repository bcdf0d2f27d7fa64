/** A manifest is tidied before it is judged. */
import { clusterFacts } from "../../../lib/adapters/kube-objects";
import { APPLY_LATE, HOLD, PAUSED, PREFIX } from "../../../lib/core/contract";
import { CONTROL_PLANE, INGRESS } from "../../../lib/core/roles";
import { tidy } from "../../../lib/core/tidy";
import {
  annotated,
  type Change,
  cluster,
  complete,
  held,
  labelled,
  noTopology,
  optedOut,
  pausedByAnnotation,
  put,
  rendered,
  replacedVip,
  VIP_ANNOTATION,
  withIngress,
} from "../../gen/objects";

const tidied = (...changes: readonly Change[]): ReturnType<typeof tidy> =>
  tidy(clusterFacts(cluster(...changes)), "x7k2q");
const generated = (prefix: string): Change => put("metadata")({ namespace: "team-a", generateName: prefix });

describe("A manifest that arrives", () => {
  test("as a user writes it is left as it is", () => {
    expect(tidied()).toEqual({});
    expect(tidied(optedOut, pausedByAnnotation, annotated(APPLY_LATE))).toEqual({});
  });

  test("copied from a living Cluster loses what we wrote there", () => {
    expect(tidied(complete(), held("ClassChanged"), annotated(`${PREFIX}ingress-vip`, "10.0.0.11"))).toEqual({
      annotations: {
        [HOLD]: null,
        [PAUSED]: null,
        [VIP_ANNOTATION]: null,
        [`${PREFIX}ingress-vip`]: null,
      },
    });
  });

  test("copied from one whose VIPs were changed loses the former ones as well, and the label", () => {
    expect(tidied(withIngress(), replacedVip(), replacedVip("10.0.1.11", INGRESS))).toEqual({
      annotations: {
        [INGRESS.annotation]: null,
        [CONTROL_PLANE.replaced]: null,
        [INGRESS.replaced]: null,
      },
      labels: { [`${PREFIX}ingress-vip`]: null },
    });
  });

  test("keeps the labels that are its user's", () => {
    expect(tidied(labelled("team", "a"), annotated("team", "a"))).toEqual({});
  });

  test("copied together with a user's pause keeps that pause", () => {
    expect(tidied(held("ClassChanged"), pausedByAnnotation)).toEqual({ annotations: { [HOLD]: null } });
  });

  test("with its infrastructure is a move or a restore and keeps everything", () => {
    expect(tidied(complete(), withIngress(), replacedVip(), held("ClassChanged"), rendered)).toEqual({});
  });

  test("with a generated name gets it from us, because the claim's name needs it", () => {
    expect(tidied(generated("blue-"))).toEqual({ name: "blue-x7k2q" });
  });

  test("with a long generated name is cut where the API server cuts it", () => {
    expect(tidied(generated("b".repeat(80))).name).toBe(`${"b".repeat(58)}x7k2q`);
  });

  test("with a name and a prefix keeps the name", () => {
    expect(tidied(put("metadata", "generateName")("blue-"))).toEqual({});
  });

  test("with a generated name but without a topology is none of our business", () => {
    expect(tidied(generated("blue-"), noTopology)).toEqual({});
  });
});
