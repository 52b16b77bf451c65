import {StaleRecordError, UnavailableError, WoltageError} from '../errors/index.ts';
import {inBackground} from '../shared/background.ts';
import type {Logger} from '../shared/logger.ts';
import {decodeJson, encodeJson} from '../shared/json-codec.ts';
import {uuidV7} from '../shared/uuid.ts';
import type {Registry} from './registry.ts';

/** Something that only the process which works on a slice can do. */
export interface Request {
    /** `name@version`. */
    readonly projection: string;
    readonly slice: number;
    readonly kind: string;
    readonly argument: string;
}

type Answer = {readonly value: unknown} | {readonly error: {readonly message: string; readonly code: string; readonly status: number}};

interface StoredRequest extends Request {
    readonly answer?: Answer;
}

export interface RequestServer {
    /** Whether this process works on the slice. */
    serves(projection: string, slice: number): boolean;
    serve(request: Request): Promise<unknown>;
}

const REQUEST = 'request/';
const TIMEOUT_MS = 30_000;

/** What processes ask of each other, through the registry: whoever works on a slice when it sees the request answers it. */
export class Requests {
    readonly #registry: Registry;
    readonly #server: RequestServer;
    readonly #log: Logger;
    readonly #serving = new Set<string>();

    constructor(registry: Registry, server: RequestServer, log: Logger) {
        this.#registry = registry;
        this.#server = server;
        this.#log = log;
    }

    /**
     * Has a request carried out by whoever works on the slice.
     *
     * @throws UnavailableError `REQUEST_TIMEOUT` when nobody has answered within 30 s; it may still be carried out then
     * @throws what went wrong where it was carried out
     */
    async send(request: Request): Promise<unknown> {
        if (this.#server.serves(request.projection, request.slice))
            return this.#server.serve(request);
        const key = REQUEST + uuidV7();
        await this.#registry.write({[key]: encodeJson(request)});
        try {
            if (!await this.#registry.until(() => this.#answerTo(key) !== undefined, TIMEOUT_MS))
                throw new UnavailableError(`Nobody works on projection '${request.projection}', or whoever does has not answered within ${TIMEOUT_MS} ms.`, {code: 'REQUEST_TIMEOUT'});
            const answer = this.#answerTo(key) as Answer;
            if ('error' in answer)
                throw new WoltageError(answer.error.message, answer.error.status, {code: answer.error.code});
            return answer.value;
        } finally {
            await this.#registry.write({[key]: null}).catch((error: unknown) => this.#log.debug({err: error}, 'A request is left over'));
        }
    }

    /** To be called whenever the registry has changed, or a slice has been taken over. */
    serveAll(): void {
        for (const [key, {value}] of this.#registry.list(REQUEST)) {
            const request = decodeJson(value) as StoredRequest;
            if (request.answer === undefined && !this.#serving.has(key) && this.#server.serves(request.projection, request.slice))
                inBackground(this.#answer(key, request), error => this.#log.warn({err: error, request}, 'A request could not be answered'));
        }
    }

    #answerTo(key: string): Answer | undefined {
        const record = this.#registry.get(key);
        return record && (decodeJson(record.value) as StoredRequest).answer;
    }

    /** Never rejects. */
    async #answer(key: string, request: StoredRequest): Promise<void> {
        this.#serving.add(key);
        try {
            const answer = await this.#server.serve(request).then(value => ({value: value ?? null}), (error: unknown) => ({error: describe(error)}));
            await this.#registry.write({[key]: encodeJson({...request, answer})});
        } catch (error) {
            this.#log[error instanceof StaleRecordError ? 'debug' : 'warn']({err: error, request}, 'A request was carried out, but its answer could not be written');
        } finally {
            this.#serving.delete(key);
        }
    }
}

function describe(error: unknown): {message: string; code: string; status: number} {
    const {message, code = 'INTERNAL_ERROR', status = 500} = error as Partial<WoltageError>;
    return {message: message ?? String(error), code, status};
}
