/** Answers: what do the pages say that are made from lists in the code? */
import { REASONS, type Reason } from "../../../lib/core/verdict";
import { SETTINGS } from "../../../lib/settings";

/** Rewrites docs/reasons.md. */
export const REGENERATE = "npx tsx test/unit/docs/write-reasons.ts";

const CLASSES = {
  good: "Nothing is owed",
  waiting: "Goes on by itself",
  attention: "Somebody must act",
  refusal: "The request is refused",
} as const;

const intro = `<!-- Made from lib/core/verdict.ts: "${REGENERATE}" writes it anew. -->

# Reasons

Every decision about a Cluster has one of these reasons. A reason is shown:

- as the value of the annotation \`vip.capi.gorizond.io/hold\` while the Cluster is held;
- in the warning that \`kubectl\` prints when a Cluster is created and held;
- in the error that \`kubectl\` prints when a request is refused;
- as the field \`reason\` of a log line.

"…" stands for names and values of the case.
`;

function section(name: Reason): string {
  const { says, next }: { says: string; next: string } = REASONS[name];
  return `### ${name}\n\n${says.replace(": {}", "").replace("{}", "…")}.\n\n**Next:** ${next}\n`;
}

export function reasonsPage(): string {
  const names = Object.keys(REASONS) as Reason[];
  const groups = Object.entries(CLASSES).map(([of, title]) =>
    [`## ${title}\n`, ...names.filter((name) => REASONS[name].class === of).map(section)].join("\n"),
  );
  return [intro, ...groups].join("\n");
}

/** One row a setting: name, value where nothing is set, what is allowed, meaning. */
export const settingsRows = (): string[][] =>
  Object.entries(SETTINGS).map(([name, { fallback, allowed, meaning }]) => [
    `\`${name}\``,
    fallback === "" ? "none" : `\`${fallback}\``,
    allowed,
    meaning,
  ]);
