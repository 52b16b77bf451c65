import createWoltage, {
    Aggregate, Event, MemoryEventStore, MemoryEventStoreData, MemoryStore, MemoryStoreData, NotFoundError, Projector, ReadModel,
    sideEffect, z, type Woltage, type WoltageConfig
} from 'woltage';

const opened = z.object({owner: z.string().min(1)});
const moved = z.object({amount: z.number()});

export class AccountOpened extends Event<typeof opened> {
    static schema = opened;
    static version = 1;
}

export class MoneyMoved extends Event<typeof moved> {
    static schema = moved;
    static version = 1;
}

export class WelcomeSent extends Event<typeof opened> {
    static schema = opened;
    static version = 1;
}

/** A fresh aggregate definition. */
export function createAccount() {
    const account = Aggregate.create('account', {
        $init: () => ({isOpen: false, balance: 0, moves: 0}),
        [AccountOpened.identity]: state => ({...state, isOpen: true}),
        [MoneyMoved.identity](state, event: MoneyMoved) {
            state.balance += event.payload.amount;
            state.moves++;
        }
    });
    const open = account.registerCommand(opened, function open(_state, payload) {
        return new AccountOpened({payload});
    });
    const move = account.registerCommand(moved, async function move(state, payload) {
        if (!state.isOpen)
            throw new NotFoundError('There is no such account.');
        return new MoneyMoved({payload});
    });
    return {account, open, move};
}

const schema = {
    accounts: {
        key: z.object({id: z.string()}),
        schema: z.object({owner: z.string(), balance: z.number(), moves: z.number()}),
        indexes: [['owner']]
    }
};

/** Projectors of two versions, whose effects are recorded in `effects` as `version:position`. */
export function createProjectors(effects: string[], options: {readonly beforeMove?: (event: MoneyMoved, version: number) => unknown} = {}) {
    const effect = sideEffect(async (version: number, position: bigint) => {
        effects.push(`${version}:${position}`);
    });
    class AccountProjector extends Projector<typeof schema> {
        static schema = schema;
        static version = 1;

        get projectorVersion(): number {
            return (this.constructor as typeof AccountProjector).version;
        }

        async [AccountOpened.identity](event: AccountOpened) {
            await this.store.tables.accounts.set({id: event.aggregateId, owner: event.payload.owner, balance: 0, moves: 0});
            await effect(this.projectorVersion, event.position);
        }

        async [MoneyMoved.identity](event: MoneyMoved) {
            await options.beforeMove?.(event, this.projectorVersion);
            const {accounts} = this.store.tables;
            const row = await accounts.get({id: event.aggregateId});
            if (row === null)
                throw new Error('No row.');
            row.balance += event.payload.amount * this.projectorVersion;
            row.moves++;
            await accounts.set(row);
            await effect(this.projectorVersion, event.position);
        }
    }
    const second = {AccountProjector: class extends AccountProjector {
        static version = 2;
    }}.AccountProjector;
    Object.defineProperty(second, 'name', {value: 'AccountProjector'});
    return [AccountProjector, second] as const;
}

export class Accounts extends ReadModel<InstanceType<ReturnType<typeof createProjectors>[0]>> {
    projectionName = 'account';
    schemaRegistry = {byOwner: z.object({owner: z.string()})};

    async byId({id}: {id: string}) {
        return this.store.tables.accounts.get({id});
    }

    async byOwner({owner}: {owner: string}) {
        return this.store.tables.accounts.find({owner});
    }

    async total() {
        return (await this.store.tables.accounts.find()).reduce((sum, {balance}) => sum + balance, 0);
    }

    withContext(_query: unknown, context: object) {
        return context;
    }
}

export interface TestApp {
    readonly woltage: Woltage;
    readonly effects: string[];
    readonly open: ReturnType<typeof createAccount>['open'];
    readonly move: ReturnType<typeof createAccount>['move'];
    readonly account: ReturnType<typeof createAccount>['account'];
    /** Stops it and starts another one on the same data. */
    restart(overrides?: Partial<WoltageConfig>): Promise<TestApp>;
}

interface Backing {
    readonly events: MemoryEventStoreData;
    readonly rows: MemoryStoreData;
    readonly effects: string[];
}

/** A runtime on memory adapters. */
export async function createApp(
    overrides: Partial<WoltageConfig> = {},
    projectorOptions: Parameters<typeof createProjectors>[1] = {},
    backing: Backing = {events: new MemoryEventStoreData(), rows: new MemoryStoreData(), effects: []}
): Promise<TestApp> {
    const definitions = createAccount();
    const store = {adapter: MemoryStore, args: [backing.rows]};
    const woltage = await createWoltage({
        eventStore: {adapter: MemoryEventStore, args: [backing.events]},
        eventClasses: [AccountOpened, MoneyMoved, WelcomeSent],
        aggregates: [definitions.account],
        projectorClasses: [...createProjectors(backing.effects, projectorOptions)],
        readModelClasses: [Accounts],
        internalStore: store,
        stores: {main: store},
        ...overrides
    });
    return {
        woltage, effects: backing.effects, ...definitions,
        async restart(more = {}) {
            await woltage.stop();
            return createApp({...overrides, ...more}, projectorOptions, backing);
        }
    };
}

/** Waits for a condition, and fails when it doesn't come. */
export async function eventually(condition: () => boolean | Promise<boolean>, timeoutMs = 5000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!await condition()) {
        if (Date.now() > deadline)
            throw new Error(`Not reached within ${timeoutMs} ms: ${condition.toString()}`);
        await new Promise(resolve => setTimeout(resolve, 2));
    }
}
