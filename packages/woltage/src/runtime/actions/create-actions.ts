import type {ContextRuntime} from '../../context/index.ts';
import type {CompiledDecision, DecisionOutcome} from '../../decisions/index.ts';
import {ConfigError} from '../../errors/index.ts';
import type {Cause} from '../../events/index.ts';
import type {IEventStore} from '../../ports/index.ts';
import type {Logger} from '../../shared/logger.ts';
import type {Self} from '../../shared/owner.ts';
import type {Adapters} from '../adapters.ts';
import {DEFAULT_KEEP_MS, type CommandParts} from '../command-parts.ts';
import type {IdAt} from '../command-traces.ts';
import type {WoltageConfig} from '../config.ts';
import type {Definitions} from '../definitions.ts';
import type {DurableEffects} from '../durable-effects.ts';
import {publisherOf} from '../messages/outgoing.ts';
import {observeCommand} from '../observe.ts';
import type {Reveal} from '../personal/personal-data.ts';
import type {AttemptParts} from './action-attempt.ts';
import {Actions} from './actions.ts';

/** What actions need of the rest of a runtime. */
export interface ActionSurroundings {
    readonly config: WoltageConfig;
    readonly definitions: Definitions;
    readonly adapters: Adapters;
    /** With personal fields in the clear. */
    readonly eventStore: IEventStore;
    readonly reveal: Reveal;
    readonly runtime: ContextRuntime;
    readonly self: Self;
    readonly log: Logger;
    readonly commands: CommandParts;
    readonly effects: DurableEffects;
    readonly findDecision: (target: unknown) => CompiledDecision;
    readonly decide: (compiled: CompiledDecision, input: unknown, context: object | undefined, cause: Cause | undefined, idAt: IdAt | undefined) => Promise<DecisionOutcome>;
    readonly query: (...args: readonly unknown[]) => Promise<unknown>;
}

/** @throws ConfigError `BROKER_MISSING` */
export function createActions({config, definitions, adapters, eventStore, reveal, runtime, self, log, commands, effects, findDecision, decide, query}: ActionSurroundings): Actions {
    const {catalogue, actions} = definitions;
    const attempt: AttemptParts = {
        eventStore, reveal, catalogue, runtime, log, query, findDecision, decide,
        services: config.services ?? {},
        traces: commands.traces,
        findCommand: (target, name) => commands.lookup.command(target, name),
        execute: (request, cause, idAt) => observeCommand(request.command, () => commands.executor.execute(request, cause, (_command, event) => idAt(event))),
        publish: publisherOf(adapters.messageBroker) ?? (() => Promise.reject(new ConfigError('`publish` needs a `messageBroker` in the config.', {code: 'BROKER_MISSING'}))),
        schedule: (id, executeAt, args, cause) => runtime.schedule({id, executeAt, args, cause}),
        cancelScheduled: id => runtime.cancelScheduled(id),
        defer: (key, name, payload, cause) => effects.accept([{id: key, key, name, payload, cause, projection: ''}])
    };
    const parts = {eventStore: adapters.eventStore, catalogue, taskStore: adapters.taskStore, messageBroker: adapters.messageBroker, self, log, attempt};
    return new Actions(actions.values(), parts, config.idempotencyKeepMs ?? DEFAULT_KEEP_MS);
}
