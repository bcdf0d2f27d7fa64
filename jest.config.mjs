const transform = {
  "^.+\\.[cm]?[jt]s$": ["@swc/jest", { jsc: { target: "es2022" }, module: { type: "commonjs" } }],
};

/** Two projects: what may not touch the world, and what runs on a real management cluster. */
export default {
  testSequencer: "<rootDir>/test/support/longest-first.mjs",
  reporters: ["default", "<rootDir>/test/support/closing-line.mjs"],
  projects: [
    {
      displayName: "unit",
      testMatch: ["<rootDir>/test/{unit,property}/**/*.test.ts"],
      setupFiles: ["<rootDir>/test/support/seed.ts"],
      transform,
    },
    {
      displayName: "integration",
      testMatch: ["<rootDir>/test/integration/**/*.test.ts"],
      transform,
      // These packages are ESM only; everything else is left as it is.
      transformIgnorePatterns: [
        "/node_modules/(?!(kubernetes-fluent-client|@kubernetes/client-node|openid-client|oauth4webapi|jose)/)",
      ],
    },
  ],
};
