/** Answers: would the module start with what package.json says? Part of `npm run check`. */
import { readSettings, SettingsError } from "../lib/settings";
import { pepr } from "../package.json";

try {
  readSettings(pepr.env, pepr.webhookTimeout);
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`package.json, pepr.env: ${error.message}\n`);
  process.exitCode = 1;
}
