import {ANY, type KurrentDBClient} from '@kurrent/kurrentdb-client';
import type {Calls} from './calls.ts';
import {checkExpected} from './appender.ts';
import type {EncodedAppend} from './encode.ts';
import {isConflict, isDeletedStream} from './kurrentdb-error.ts';
import {gone} from './stream-reader.ts';

/** Ends streams for good. */
export class Tombstones {
    readonly #client: KurrentDBClient;
    readonly #calls: Calls;

    constructor(client: KurrentDBClient, calls: Calls) {
        this.#client = client;
        this.#calls = calls;
    }

    /** @throws ConflictError `REVISION_CONFLICT`, GoneError */
    async put(stream: Omit<EncodedAppend, 'events' | 'revision'> & {readonly revision: bigint | undefined}): Promise<void> {
        let attempts = 0;
        try {
            await this.#calls.make(() => {
                attempts++;
                return this.#client.tombstoneStream(stream.stream, {expectedRevision: stream.revision ?? ANY});
            });
        } catch (error) {
            // One that was tried before may have been carried out then.
            if (isDeletedStream(error) && attempts > 1)
                return;
            if (isConflict(error))
                checkExpected({...stream, events: []}, actualOf(error));
            throw isDeletedStream(error) ? gone(stream.stream, stream) : error;
        }
    }
}

function actualOf(error: unknown): bigint {
    const {actualState} = error as {readonly actualState?: unknown};
    return typeof actualState === 'bigint' ? actualState : -1n;
}
