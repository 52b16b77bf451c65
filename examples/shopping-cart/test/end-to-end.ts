import {once} from 'node:events';
import {afterAll, beforeAll, describe, expect, it, vi} from 'vitest';
import type {IMessageBroker} from 'woltage';
import type {PublishedCart} from '../src/outside/other-systems.ts';
import {upgradeCartItems} from '../src/projections.ts';
import type {Adapters} from '../src/settings.ts';
import {openShop, type Shop} from '../src/shop.ts';

export interface Surroundings {
    /** Fresh databases. */
    readonly adapters: Adapters;
    /** Another client of the same broker: the other systems'. */
    readonly outside: IMessageBroker;
    stop(): Promise<void>;
}

const silent = {debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined};
const WAIT = {timeout: 15_000, interval: 20};
const json = {'content-type': 'application/json', 'user-agent': 'test'};

/** The whole event model through HTTP and a broker, on whatever adapters. */
export function endToEndSuite(title: string, open: () => Promise<Surroundings>): void {
    describe(`The shop on ${title}`, () => {
        let around: Surroundings;
        let shop: Shop;
        const taken: PublishedCart[] = [];
        beforeAll(async () => {
            around = await open();
            await around.outside.connect();
            shop = await openShopHere();
        }, 60_000);
        afterAll(async () => {
            await shop.stop();
            await around.outside.close();
            await around.stop();
        });
        const openShopHere = (resetCartItems = false) => openShop({
            ...around.adapters, services: {takeOrder: async cart => void taken.push(cart)}, logger: silent, port: 0, resetCartItems
        });

        const post = async (path: string, body: object) => {
            const response = await fetch(shop.url + path, {method: 'POST', headers: json, body: JSON.stringify(body)});
            return {status: response.status, ...await response.json() as {code?: string; events?: {type: string}[]; position?: string}};
        };
        const get = async (path: string, after?: string) => {
            const response = await fetch(shop.url + path, {headers: after === undefined ? json : {...json, 'woltage-after': after}});
            return await response.json() as Record<string, unknown>;
        };
        const tell = (topic: string, value: Record<string, unknown>) => around.outside.publish([{topic, key: String(value['productId']), value: JSON.stringify(value)}]);
        const add = (cartId: string, itemId: string, productId: string, price: number) =>
            post('/decisions/addItem', {cartId, itemId, productId, price, description: productId, image: `${productId}.png`});
        const until = (check: () => Promise<void>) => vi.waitFor(check, WAIT);

        it('learns inventories from a topic, and sells what is in stock', async () => {
            await tell('inventories', {productId: 'tea', inventory: 5});
            await tell('inventories', {productId: 'honey', inventory: 0});
            await until(async () => expect(await get('/inventories/ofProduct?productId=honey')).toEqual({productId: 'honey', inventory: 0}));
            expect(await add('c1', 'i1', 'tea', 4.5)).toMatchObject({status: 200, events: [{type: 'cart.created'}, {type: 'cart.item.added'}]});
            expect(await add('c1', 'i2', 'honey', 6)).toMatchObject({status: 409, code: 'OUT_OF_STOCK'});
        });

        it('puts messages aside that are none of its own, and goes on', async () => {
            await around.outside.publish([{topic: 'inventories', value: 'not JSON'}, {topic: 'inventories', value: JSON.stringify({productId: 'tea', inventory: -1})}]);
            await tell('inventories', {productId: 'tea', inventory: 7});
            await until(async () => expect(await get('/inventories/ofProduct?productId=tea')).toEqual({productId: 'tea', inventory: 7}));
        });

        it('archives items when a price changes on a topic, and not those that come later', async () => {
            await add('c1', 'i2', 'milk', 1.2);
            await add('c2', 'i1', 'milk', 1.2);
            await tell('price_changes', {productId: 'milk', oldPrice: 1.2, newPrice: 1.4});
            await until(async () => expect(await get('/cartItems/live?cartId=c2')).toMatchObject({items: [], totalPrice: 0}));
            await until(async () => expect((await get('/cartItems/live?cartId=c1'))['items']).toHaveLength(1));
            const {position} = await add('c2', 'i2', 'milk', 1.4);
            expect(await get('/cartsWithProducts/ofProduct?productId=milk', position)).toEqual([{cartId: 'c2', itemId: 'i2', productId: 'milk'}]);
        });

        it('shows the same items live and from the projection, before and after the switch and the reset', async () => {
            const {position} = await add('c3', 'i1', 'tea', 0.1);
            await add('c3', 'i2', 'bread', 0.2);
            await post('/decisions/removeItem', {cartId: 'c3', itemId: 'i1'});
            const last = await add('c3', 'i3', 'tea', 0.1);
            const live = await get('/cartItems/live?cartId=c3');
            expect(live).toMatchObject({totalPrice: 0.3, items: [{itemId: 'i2'}, {itemId: 'i3'}]});
            const items = (live['items'] as {fingerprint: string}[]).map(({fingerprint: _, ...rest}) => rest);
            expect(await get('/cartItems/stored?cartId=c3', last.position)).toEqual({...live, items});
            await upgradeCartItems(shop.woltage);
            expect(await get('/cartItems/stored?cartId=c3', last.position)).toEqual(live);
            await shop.stop();
            shop = await openShopHere(true);
            expect(await get('/cartItems/stored?cartId=c3', position)).toEqual(live);
            await post('/decisions/clearCart', {cartId: 'c3'});
            expect(await get('/cartItems/live?cartId=c3')).toMatchObject({items: []});
        });

        it('leaves to the actions what is not for customers', async () => {
            const [price, cart] = [{oldPrice: 4.5, newPrice: 5}, {cartId: 'c1'}];
            for (const [path, body] of [['/decisions/publishCart', cart], ['/decisions/archiveItem', cart], ['/product/tea/changePrice', price]] as const)
                expect(await post(path, body)).toMatchObject({status: 403, code: 'FORBIDDEN'});
        });

        it('submits a cart once, publishes it once, and alters it no more', async () => {
            expect(await post('/decisions/submitCart', {cartId: 'c1'})).toMatchObject({status: 200, events: [{type: 'cart.submitted'}]});
            expect(await post('/decisions/submitCart', {cartId: 'c1'})).toMatchObject({status: 409, code: 'CART_SUBMITTED_ALREADY'});
            expect(await add('c1', 'i9', 'tea', 4.5)).toMatchObject({status: 409, code: 'CART_SUBMITTED'});
            expect(await post('/decisions/removeItem', {cartId: 'c1', itemId: 'i1'})).toMatchObject({status: 409, code: 'CART_SUBMITTED'});
            await until(async () => expect(await get('/submittedCarts/byId?cartId=c1')).toMatchObject({publication: 'published', totalPrice: 4.5}));
            await until(async () => expect(taken).toEqual([{cartId: 'c1', orderedProducts: [{productId: 'tea', price: 4.5}], totalPrice: 4.5}]));
            const [message] = await firstMessages(around.outside, 'published_carts', 1);
            expect(message).toMatchObject({key: 'c1', value: {cartId: 'c1', totalPrice: 4.5}});
        });
    });
}

/** The first messages of a topic, parsed. */
async function firstMessages(broker: IMessageBroker, topic: string, count: number): Promise<readonly {key: string | null; value: unknown}[]> {
    const ended = new AbortController();
    const found: {key: string | null; value: unknown}[] = [];
    const consumed = broker.consume({
        topics: [topic], group: 'test', from: 'start', signal: ended.signal,
        resume: async partitions => partitions.map(() => undefined),
        handle: async ({messages}) => {
            found.push(...messages.map(({key, value}) => ({key, value: JSON.parse(new TextDecoder().decode(value ?? undefined)) as unknown})));
            if (found.length >= count)
                ended.abort();
        }
    });
    if (!ended.signal.aborted)
        await once(ended.signal, 'abort', {signal: AbortSignal.timeout(15_000)});
    await consumed;
    return found;
}
