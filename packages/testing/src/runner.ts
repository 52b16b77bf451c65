/** What a conformance suite needs of a test runner: Vitest, Jest and node:test have it as it is. */
export interface TestRunner {
    describe(name: string, body: () => void): unknown;
    it(name: string, body: () => Promise<void>): unknown;
}
