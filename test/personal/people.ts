import createWoltage, {
    Aggregate, type Erased, Event, isErased, personal, Projector, ReadModel, TombstoneEvent, z, type AdapterConfig, type IEventStore, type IStore, type Woltage
} from 'woltage';

const registered = z.object({
    name: personal(z.string()), born: personal(z.date()).optional(), credit: personal(z.bigint()).default(0n), city: z.string(),
    contacts: z.array(z.object({kind: z.string(), value: personal(z.string())})).default([])
});
const met = z.object({who: z.string(), words: personal(z.string())});

export class PersonRegistered extends Event<typeof registered> {
    static override schema = registered;
    static override version = 1;
}

/** About somebody else than its aggregate. */
export class PersonMet extends Event<typeof met> {
    static override schema = met;
    static override version = 1;
    static subject = ({who}: z.infer<typeof met>): string => who;
}

const tables = {people: {key: z.object({id: z.string()}), schema: z.object({name: z.any(), city: z.string(), words: z.any(), contacts: z.any()})}};

export class People extends Projector<typeof tables> {
    static override schema = tables;
    static override version: number = 1;
    static override faultPolicy = 'dead-letter' as const;
    /** Names that it can't handle, for the time being. */
    static readonly refused = new Set<unknown>();

    async [PersonRegistered.identity]({aggregateId: id, payload: {name, city, contacts}}: PersonRegistered) {
        if (People.refused.has(name))
            throw new Error('not this one');
        await this.store.tables.people.set({id, name, city, words: null, contacts});
    }

    async [PersonMet.identity]({aggregateId: id, payload: {words}}: PersonMet) {
        const row = await this.store.tables.people.get({id});
        if (row !== null)
            await this.store.tables.people.set({...row, words});
    }

    async [TombstoneEvent.identity]({aggregateId: id}: TombstoneEvent) {
        await this.store.tables.people.remove({id});
    }
}

export class PeopleList extends ReadModel<People> {
    projectionName = 'people';

    async all() {
        return this.store.tables.people.find({}, {sort: {id: 'asc'}});
    }
}

export interface PeopleAdapters {
    readonly eventStore: AdapterConfig<IEventStore>;
    readonly store: AdapterConfig<IStore>;
    readonly keyStore?: AdapterConfig<IStore>;
}

/** A runtime whose events hold personal data. */
export async function startPeople({eventStore, store, keyStore}: PeopleAdapters, versions: readonly number[] = [1]) {
    const person = Aggregate.create('person', {$init: () => ({name: '', greeting: '', words: [] as (string | Erased)[]})})
        .on(PersonRegistered, (state, {payload: {name}}) => ({...state, name, greeting: `Hello, ${isErased(name) ? 'whoever you are' : name}`}))
        .on(PersonMet, (state, {payload: {words}}) => {
            state.words.push(words);
        });
    const register = person.registerCommand(registered, function register(_state, payload) {
        return new PersonRegistered({payload});
    });
    const meet = person.registerCommand(met, function meet(_state, payload) {
        return new PersonMet({payload});
    });
    const erase = person.registerCommand(function erase() {
        return new TombstoneEvent();
    });
    const woltage: Woltage = await createWoltage({
        eventStore, eventClasses: [PersonRegistered, PersonMet], aggregates: [person], projectorClasses: [People], readModelClasses: [PeopleList],
        internalStore: store, keyStore, stores: {main: store}, projectionTuning: {maxAttempts: 1, retryMs: 1},
        projections: versions.map(version => ({name: 'people', version, projector: People, store: 'main'}))
    });
    return {woltage, person, register, meet, erase, rows: () => woltage.executeQuery(PeopleList, 'all', {})};
}
