import {Projector, z, sideEffect, emit, type IStore, type ITable, type TableDefinitionMap, type TableEntry} from 'woltage';
import UserRegistered from '../events/UserRegistered.ts';

const sendConfirmationEmail = sideEffect(
    async ({userId, email}: {userId: string, email: string}) => {
        await emit({
            aggregateName: 'user',
            events: new UserRegistered({aggregateId: userId, payload: {email, firstName: '', lastName: '', passwordHash: ''}})
        });
    }
);

const schema = {
    emails: {
        key: z.object({
            email: z.email()
        }),
        schema: z.object({
            userId: z.uuid(),
            registeredAt: z.number()
        })
    },
    users: {
        key: z.object({id: z.string()}),
        schema: z.object({email: z.string()})
    }
};

export default class UserProjector extends Projector<typeof schema>
{
    static schema = schema;
    static version = 1;

    async [UserRegistered.identity](event: UserRegistered) {
        const {emails} = this.store.tables;
        if (await emails.get({email: event.payload.email}))
            return;
        await emails.set({
            email: event.payload.email,
            userId: event.aggregateId,
            registeredAt: event.timestamp
        });
        await sendConfirmationEmail({userId: event.aggregateId, email: event.payload.email});
    }
}

/** The shape of a store with methods of its driver, as the seed's MongoDBStore. */
interface DriverStore<T extends TableDefinitionMap> extends IStore<T> {
    readonly tables: {readonly [Name in keyof T]: ITable<T[Name]> & {insertOne(row: TableEntry<T[Name]>): Promise<void>}};
}

export class NativeProjector extends Projector<typeof schema>
{
    static schema = schema;
    static version = 2;

    declare store: DriverStore<typeof schema>;

    async [UserRegistered.identity](event: UserRegistered) {
        const {emails} = this.store.tables;
        if (await emails.get({email: event.payload.email}))
            return;
        await emails.insertOne({
            email: event.payload.email,
            userId: event.aggregateId,
            registeredAt: event.timestamp
        });
    }
}
