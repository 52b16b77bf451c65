import type {CommandOutcome, CommandRequest, EventIdAt} from '../aggregates/index.ts';
import {encodeJson} from '../shared/json-codec.ts';
import {deriveUuid} from '../shared/uuid.ts';
import type {IdOf, KeyedWork} from '../tasks/index.ts';
import {toKept, type CommandTraces, type KeptOutcome} from './command-traces.ts';

/** Executes commands once for a key. */
export class KeyedCommands {
    readonly #work: KeyedWork;
    readonly #traces: CommandTraces;

    constructor(work: KeyedWork, traces: CommandTraces) {
        this.#work = work;
        this.#traces = traces;
    }

    /** @throws ConflictError `IDEMPOTENCY_KEY_REUSED` when the key was used for other commands */
    async execute(key: string, requests: readonly CommandRequest[], run: (idAt: EventIdAt) => Promise<readonly CommandOutcome[]>): Promise<readonly CommandOutcome[]> {
        const {outcome, answer} = await this.#work.run<readonly CommandOutcome[], readonly KeptOutcome[]>(key, {
            fingerprint: await fingerprintOf(requests),
            execute: idOf => run((command, event) => idOf(nameOf(command, event))),
            toAnswer: outcomes => outcomes.map(toKept),
            find: idOf => this.#find(requests, idOf)
        });
        return outcome ?? Promise.all(answer.map((kept, i) => this.#traces.restore(requests[i] as CommandRequest, kept)));
    }

    /** Looks for what was appended under the key; `undefined`: nothing. All of it was appended at once. */
    async #find(requests: readonly CommandRequest[], idOf: IdOf): Promise<readonly KeptOutcome[] | undefined> {
        const kept: KeptOutcome[] = [];
        for (const [place, request] of requests.entries())
            kept.push(await this.#traces.find(request, event => idOf(nameOf(place, event))) ?? NOTHING);
        return kept.some(({events}) => events > 0) ? kept : undefined;
    }
}

const NOTHING: KeptOutcome = {revision: '-1', position: '-1', events: 0, isPlaced: false};
const nameOf = (command: number, event: number): string => `${command}/${event}`;

/** The same for the same commands with the same payloads. */
function fingerprintOf(requests: readonly CommandRequest[]): Promise<string> {
    return deriveUuid('', encodeJson(requests.map(({command: {aggregate, name}, aggregateId, payload}) => [aggregate.name, name, aggregateId, payload ?? null])));
}
