import createWoltage, {
    defineEvent, Aggregate, z, type AdapterConfig, type IEventStore, type IStore, type Woltage
} from 'woltage';
import orderAggregate, {placeOrder} from './order.ts';
import userAggregate from './user.ts';
import UserRegistered from './events/UserRegistered.ts';
import OrderPlaced from './events/OrderPlaced.ts';
import OrderFulfilled from './events/OrderFulfilled.ts';
import UserProjector, {NativeProjector} from './projectors/UserProjector.ts';
import User from './readModels/User.ts';

declare const eventStore: AdapterConfig<IEventStore>;
declare const store: AdapterConfig<IStore>;
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <T extends true>(..._values: readonly unknown[]): T | undefined => undefined;

const TodoRegistered = defineEvent('TodoRegistered', {version: 1, schema: z.object({title: z.string()}), tags: p => [`t:${p.title}`]});

export async function typesAreInferred(): Promise<Woltage> {
    const woltage = await createWoltage({
        eventStore,
        eventClasses: [UserRegistered, OrderPlaced, OrderFulfilled, TodoRegistered],
        aggregates: [orderAggregate, userAggregate],
        projectorClasses: [UserProjector, NativeProjector],
        readModelClasses: [User],
        internalStore: store,
        stores: {main: store}
    });
    const address = {street: '', houseNumber: '', postalCode: '', city: ''};
    const outcome = await woltage.executeCommand(placeOrder, '1', {items: [], shippingAddress: address, billingAddress: address});
    is<Equal<typeof outcome.revision, bigint>>(outcome);
    // @ts-expect-error the payload is that of the command's schema
    await woltage.executeCommand(placeOrder, '1', {items: 'none'});
    await woltage.executeCommand(orderAggregate, '1', 'placeOrder', {});
    await woltage.executeCommand('order', '1', 'placeOrder', {}, {userId: '1'});
    const user = await woltage.executeQuery(User, 'findOne', {id: '1'});
    is<Equal<typeof user, {id: string; email: string} | null>>(user);
    // @ts-expect-error there is no such handler
    await woltage.executeQuery(User, 'store', {});
    const free = await woltage.executeQuery(User, 'isEmailAddressAvailable', 'a@b.c');
    is<Equal<typeof free, boolean>>(free);
    is<Equal<Awaited<ReturnType<typeof woltage.executeQuery>>, unknown>>();
    const named = await woltage.executeQuery<{id: string}>('user', 'findOne', {id: '1'});
    is<Equal<typeof named, {id: string}>>(named);

    const event = new TodoRegistered({payload: {title: 'milk'}});
    is<Equal<typeof event.payload, {title: string}>>(event);
    // @ts-expect-error the title is a string
    new TodoRegistered({payload: {title: 1}});

    Aggregate.create('todo', {$init: () => ({titles: [] as string[]})})
        .on(TodoRegistered, (state, {payload}) => {
            is<Equal<typeof payload, {title: string}>>(payload);
            return {titles: [...state.titles, payload.title]};
        })
        .registerCommand(z.object({title: z.string()}), function register(state, payload) {
            is<Equal<typeof state, {titles: string[]}>>(state);
            return new TodoRegistered({payload});
        });
    const rename = userAggregate.registerCommand(async function rename(_state, payload: {name: string}) {
        return payload.name === '' ? undefined : [];
    });
    await woltage.executeCommand(rename, '1', {name: 'a'});
    // @ts-expect-error the payload is what the handler says
    await woltage.executeCommand(rename, '1', {title: 'a'});
    return woltage;
}
