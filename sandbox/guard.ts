/**
 * Runs when the process that held a sandbox is gone without having ended it (killed, crashed, or
 * its terminal closed), and ends what it left behind.
 */
import { dropData, endChildren, recordedChildren } from "./state";

const dir = process.argv[2];
if (dir) void endChildren(recordedChildren(dir)).then(() => dropData(dir));
