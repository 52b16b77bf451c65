/** What a conformance suite needs of a test runner: Vitest, Jest and node:test have it as it is. */
export interface TestRunner {
    readonly describe: (name: string, body: () => void) => unknown;
    readonly it: (name: string, body: () => Promise<void>) => unknown;
}
