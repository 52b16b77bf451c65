import assert from 'node:assert/strict';

/** Asserts that something is refused with this code. */
export async function rejectsWith(code: string, run: () => Promise<unknown>): Promise<void> {
    await assert.rejects(run, (error: unknown) => {
        assert.equal((error as {readonly code?: unknown}).code, code, `expected the code ${code}, got: ${String(error)}`);
        return true;
    });
}
