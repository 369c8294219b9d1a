import { configDefaults, defineConfig } from "vitest/config";

const tests = "{packages,services,tools,bench}/**/*.test.ts";
const realBrokerTests = "{packages,services,tools,bench}/**/*.kafka.test.ts";

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "unit",
          include: [tests],
          exclude: [...configDefaults.exclude, realBrokerTests],
          testTimeout: 90_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "kafka",
          include: [realBrokerTests],
          globalSetup: ["packages/testing/src/vitest-global-setup.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
