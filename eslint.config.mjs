import tseslint from "typescript-eslint";

/** Who may import whom. Everything points towards core; only wiring.ts sees flows and adapters together. */
const walls = {
  "lib/core/**/*.ts": [
    "**/ports/*",
    "**/flows/*",
    "**/adapters/*",
    "**/capabilities/*",
    "pepr",
    "kubernetes-fluent-client",
    "@kubernetes/*",
    "winston",
    "prom-client",
    "node:!(net)",
  ],
  "lib/ports/**/*.ts": [
    "**/flows/*",
    "**/adapters/*",
    "**/capabilities/*",
    "pepr",
    "kubernetes-fluent-client",
    "@kubernetes/*",
    "winston",
    "prom-client",
  ],
  "lib/flows/**/*.ts": [
    "**/adapters/*",
    "**/capabilities/*",
    "pepr",
    "kubernetes-fluent-client",
    "@kubernetes/*",
    "winston",
    "prom-client",
  ],
  "lib/adapters/**/*.ts": ["**/flows/*", "**/capabilities/*"],
};

export default tseslint.config(
  // scripts/build.ts says why.
  { ignores: process.env.UNLINTED ? ["**"] : ["**/node_modules/**", "dist/**", "coverage/**"] },
  ...tseslint.configs.strict,
  {
    languageOptions: {
      parserOptions: { project: ["./tsconfig.test.json"], tsconfigRootDir: import.meta.dirname },
    },
    files: ["**/*.ts"],
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-extraneous-class": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
      complexity: ["error", 10],
      "max-depth": ["error", 2],
      "max-params": ["error", 5],
      "max-lines-per-function": ["error", { max: 45, skipComments: true, skipBlankLines: true }],
    },
  },
  ...Object.entries(walls).map(([files, group]) => ({
    files: [files],
    rules: { "no-restricted-imports": ["error", { patterns: [{ group }] }] },
  })),
  {
    files: ["test/**/*.ts", "sandbox/**/*.ts", "scripts/**/*.ts"],
    rules: { "max-lines-per-function": "off", complexity: ["error", 15] },
  },
  { files: ["**/*.mjs"], ...tseslint.configs.disableTypeChecked },
);
