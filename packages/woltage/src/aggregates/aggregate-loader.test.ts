import {describe, expect, it} from 'vitest';
import {z} from 'zod';
import {defineEvent, EventCatalogue} from '../events/index.ts';
import type {IEventStore} from '../ports/index.ts';
import {Aggregate} from './aggregate.ts';
import {AggregateFold} from './aggregate-fold.ts';
import {silentLogger} from '../shared/logger.ts';
import {AggregateLoader} from './aggregate-loader.ts';
import {Snapshots} from './snapshots.ts';

const Said = defineEvent('Said', {schema: z.object({text: z.string()})});
const person = Aggregate.create('person', {$init: () => ({text: ''})}).on(Said, (_state, {payload}) => ({...payload}));
const record = (text: string) => ({
    id: 'e', type: 'said', version: 1, timestamp: 1, payload: {text}, meta: {}, correlationId: 'e', causationId: null, tags: [], aggregateName: 'person', aggregateId: 'a', revision: 0n, position: 0n
});

describe('The loader\'s cache', () => {
    it('keeps nothing of a load that was under way when it was cleared', async () => {
        let text = 'Ann';
        let goOn = (): void => undefined;
        const waiting = new Promise<void>(resolve => goOn = resolve);
        let reads = 0;
        const read = async function* (_name: string, _id: string, {fromRevision = 0n} = {}) {
            if (fromRevision === 0n)
                yield [record(text)];
            if (++reads === 1)
                await waiting;
        };
        const fold = new AggregateFold(person, new EventCatalogue([Said]));
        const loader = new AggregateLoader({read} as unknown as IEventStore, () => fold, new Snapshots(() => undefined, silentLogger), 1_000_000);
        const early = loader.load(person, 'a');
        await new Promise(resolve => setImmediate(resolve));
        loader.clear();
        text = 'erased';
        goOn();
        expect((await early).state).toEqual({text: 'Ann'});
        expect((await loader.load(person as unknown as Aggregate, 'a')).state).toEqual({text: 'erased'});
        text = 'not read again';
        expect((await loader.load(person as unknown as Aggregate, 'a')).state).toEqual({text: 'erased'});
    });
});
