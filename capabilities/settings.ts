/**
 * Answers: by which settings does this process work?
 *
 * Read when the module is loaded, because the kinds that Pepr watches depend on them: a process with a wrong
 * one ends here, and never answers as if all were well. Pepr loads the module once more to build manifests
 * for it; then what counts is what these will say.
 */
import { readSettings, SettingsError, type Settings } from "../lib/settings";
import { pepr } from "../package.json";

function settingsOrEnd(): Settings {
  try {
    return readSettings(process.env["PEPR_MODE"] === "build" ? pepr.env : process.env, pepr.webhookTimeout);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

export const settings = settingsOrEnd();
