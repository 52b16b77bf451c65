import type {CommandExecutor} from '../../aggregates/index.ts';
import type {CompiledDecision, DecisionCall, DecisionExecutor, DecisionOutcome} from '../../decisions/index.ts';
import {isWoltageError} from '../../errors/index.ts';
import type {Cause} from '../../events/index.ts';
import type {IEventStore} from '../../ports/index.ts';
import {encodeJson} from '../../shared/json-codec.ts';
import {deriveUuid} from '../../shared/uuid.ts';
import type {IdOf, KeyedWork} from '../../tasks/index.ts';
import type {KeyedCommands} from '../keyed-commands.ts';
import {observeCommand} from '../observe.ts';
import type {Order} from './command-order.ts';

export interface OrderExecutionParts {
    readonly work: KeyedWork;
    readonly keyed: KeyedCommands;
    readonly commands: CommandExecutor;
    readonly decisions: DecisionExecutor;
    readonly decide: (compiled: CompiledDecision, call: Pick<DecisionCall, 'input' | 'context' | 'cause' | 'idAt'>) => Promise<DecisionOutcome>;
    readonly eventStore: IEventStore;
}

/** Of so many events of a decision one must be found by its query, where any is. */
const MOST_EVENTS = 100;

/** Executes commands and decisions once for a key, in whatever process, whatever crashes. */
export class OrderExecution {
    readonly #parts: OrderExecutionParts;

    constructor(parts: OrderExecutionParts) {
        this.#parts = parts;
    }

    /** @throws what the command or decision throws; nothing is appended then */
    async execute(key: string, order: Order, cause: Cause | undefined): Promise<void> {
        if (order.command === undefined)
            await this.#decide(key, order.decision, order, cause);
        else
            await this.#command(key, order, cause);
    }

    #command(key: string, request: Order & {readonly command: object}, cause: Cause | undefined): Promise<unknown> {
        const {commands, keyed} = this.#parts;
        return observeCommand(request.command, async () => {
            const [outcome] = await keyed.execute(key, [request], async idAt => [await commands.execute(request, cause, idAt)]);
            return outcome as NonNullable<typeof outcome>;
        });
    }

    async #decide(key: string, compiled: CompiledDecision, {payload: input, context}: Order, cause: Cause | undefined): Promise<void> {
        const {decide, work} = this.#parts;
        const fingerprint = await deriveUuid('', encodeJson([compiled.decision.name, input ?? null]));
        await work.run<DecisionOutcome | undefined, true>(key, {
            fingerprint,
            execute: idOf => decide(compiled, {input, context, cause, idAt: event => idOf(String(event))}).catch(whatIsThere),
            toAnswer: () => true,
            find: idOf => this.#find(compiled, input, idOf)
        });
    }

    /**
     * Whether the decision's own query finds one of its events. Where it doesn't, they make no difference to the decision: it comes to the same events again, whose ids tell that they are there.
     */
    async #find(compiled: CompiledDecision, input: unknown, idOf: IdOf): Promise<true | undefined> {
        const {eventStore} = this.#parts;
        const ids = new Set(await Promise.all(Array.from({length: MOST_EVENTS}, (_, event) => idOf(String(event)))));
        for await (const page of (eventStore as Required<IEventStore>).query(await this.#parts.decisions.queryOf(compiled, input))) {
            if (page.some(({id}) => ids.has(id)))
                return true;
        }
        return undefined;
    }
}

/** The ids tell that it was done before: by this process, if it was taken for dead. */
function whatIsThere(error: unknown): undefined {
    if (!isWoltageError(error) || error.code !== 'EVENT_ID_EXISTS')
        throw error;
}
