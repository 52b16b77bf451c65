import {isWoltageError, STATE_EXISTS, uuidV7, type EventData, type IEventStore, type RecordedEvent} from 'woltage';

/** One that appends to several streams at once. */
export type WholeEventStore = IEventStore & Required<Pick<IEventStore, 'appendAll'>>;

/**
 * What a process of its own does with an event store: one of its modes. It tells what it has done in lines of JSON on its standard output.
 *
 * @param args `<mode> <name> <count>`
 */
export async function workOn(store: WholeEventStore, [mode = '', name = '', count = '0']: readonly string[]): Promise<void> {
    await store.connect();
    await modesOn(store, name, Number(count))[mode]?.();
    await store.close();
}

const codeOf = (error: unknown): string => isWoltageError(error) ? error.code : String(error);

const tell = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

const eventOf = (payload: EventData['payload']): EventData => {
    const id = uuidV7();
    return {id, type: 'thing.happened', version: 1, timestamp: Date.now(), payload, meta: {}, correlationId: id, causationId: null, tags: []};
};

async function inParallel(workers: number, work: (worker: number) => Promise<void>): Promise<void> {
    await Promise.all(Array.from({length: workers}, (_, worker) => work(worker)));
}

function modesOn(store: WholeEventStore, name: string, total: number): Readonly<Record<string, () => Promise<void>>> {
    return {
        /** Appends for ever, three events at a time, and to two streams at a time; for the one who kills it. */
        async untilKilled() {
            await inParallel(16, async worker => {
                for (let n = 0; ; n++) {
                    const key = `${name}-${worker}-${n}`;
                    const events = [0, 1, 2].map(part => eventOf({key, part}));
                    const {revision} = await store.append('triple', String(worker % 4), events);
                    tell({stream: ['triple', String(worker % 4)], ids: events.map(({id}) => id), revision: Number(revision)});
                    const [left, right] = [eventOf({key}), eventOf({key})];
                    await store.appendAll([
                        {aggregateName: 'pair', aggregateId: 'left', events: [left]}, {aggregateName: 'pair', aggregateId: 'right', events: [right]}
                    ]);
                    tell({stream: ['pair', 'left'], ids: [left.id]});
                    tell({stream: ['pair', 'right'], ids: [right.id]});
                }
            });
        },

        /** Appends to streams that others append to as well, regardless of their state, and to one with exact expectations. */
        async append() {
            await inParallel(8, async worker => {
                for (let n = 0; n < total / 8; n++) {
                    const event = eventOf({writer: name, worker, n});
                    await store.append('shared', String(n % 5), [event]);
                    tell({id: event.id});
                }
            });
            for (let n = 0; n < total / 8;) {
                const event = eventOf({writer: name});
                const last: RecordedEvent[] = [];
                for await (const page of store.read('counter', '1', {direction: 'backwards', limit: 1}))
                    last.push(...page);
                try {
                    await store.append('counter', '1', [event], last[0]?.revision ?? 'state_new');
                    tell({id: event.id});
                    n++;
                } catch (error) {
                    if (!isWoltageError(error) || error.code !== 'REVISION_CONFLICT')
                        throw error;
                }
            }
        },

        /** Appends to streams until somebody erases them, and then tries on. */
        async appendUntilGone() {
            await inParallel(total, async worker => {
                const [aggregateName, aggregateId] = ['account', String(worker)];
                for (let n = 0; ; n++) {
                    try {
                        const {position} = await store.append(aggregateName, aggregateId, [eventOf({secret: n})]);
                        tell({stream: aggregateId, position: Number(position)});
                    } catch (error) {
                        tell({stream: aggregateId, append: codeOf(error)});
                        break;
                    }
                }
                for (const revision of [undefined, STATE_EXISTS, 'state_new', 0n] as const)
                    tell({stream: aggregateId, append: await store.append(aggregateName, aggregateId, [eventOf({})], revision).then(() => 'done', codeOf)});
                const reading = async (): Promise<string> => {
                    for await (const page of store.read(aggregateName, aggregateId))
                        return `read ${page.length}`;
                    return 'read nothing';
                };
                tell({stream: aggregateId, read: await reading().catch(codeOf)});
            });
        },

        async follow() {
            let seen = 0;
            for await (const {events} of store.subscribe({batchSize: 50})) {
                for (const {id, position} of events)
                    tell({id, position: Number(position)});
                seen += events.length;
                if (seen >= total)
                    break;
            }
        },

        /** Ends by itself only when the store leaves nothing behind. */
        async waitAndClose() {
            const waiting = (async () => {
                for await (const {caughtUp} of store.subscribe())
                    tell({caughtUp});
            })();
            await store.append('order', '1', [eventOf({})]);
            await store.append('order', '1', [eventOf({})], STATE_EXISTS);
            await store.close();
            await waiting;
        }
    };
}
