import Sequencer from "@jest/test-sequencer";

/** What would run on alone at the end: in a fresh clone Jest goes by the sizes of files, which says little. */
const LONG = /(interruptions|crash-points|bad-input|gitops|admission|outage|laws\.property)\.test\.ts$/;

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isLong = ({ path }) => LONG.test(path);
    return [...sorted.filter(isLong), ...sorted.filter((test) => !isLong(test))];
  }
}
