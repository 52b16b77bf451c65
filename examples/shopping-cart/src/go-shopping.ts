import {readFile} from 'node:fs/promises';
import {upgradeCartItems} from './projections.ts';
import type {Shop} from './shop.ts';
import {Walk} from './walk.ts';

/** The whole event model, once through. */
export async function goShopping({url, woltage}: Shop, cartId: string, orderFile: string): Promise<void> {
    const walk = new Walk(url, line => console.log(line));
    const item = (itemId: string, productId: string, price: number) => ({cartId, itemId, productId, price, description: `A box of ${productId}`, image: '/box.png'});
    const read = (handler: string) => `/cartItems/${handler}?cartId=${cartId}`;

    walk.say('The warehouse tells what is in stock, over the topic inventories.');
    await walk.post('/outside/inventories', {productId: 'tea', inventory: 9});
    await walk.post('/outside/inventories', {productId: 'honey', inventory: 0});
    await walk.get('/inventories/ofProduct?productId=honey', answer => answer.includes('"inventory":0'));

    walk.say('A cart holds three items of what is in stock.');
    await walk.post('/decisions/addItem', item('i1', 'tea', 4.5));
    await walk.post('/decisions/addItem', item('i2', 'honey', 6));
    await walk.post('/decisions/addItem', item('i2', 'milk', 1.2));
    await walk.post('/decisions/addItem', item('i3', 'tea', 4.5));
    await walk.post('/decisions/addItem', item('i4', 'bread', 3));

    walk.say('A price changes, over the topic price_changes: the automation archives what had the old one.');
    await walk.get('/cartsWithProducts/ofProduct?productId=milk', answer => answer.includes(`"${cartId}"`));
    await walk.post('/outside/price-changes', {productId: 'milk', oldPrice: 1.2, newPrice: 1.4});
    await walk.get(read('live'), answer => !answer.includes('"milk"'));
    await walk.post('/decisions/addItem', item('i4', 'milk', 1.4));
    await walk.post('/decisions/removeItem', {cartId, itemId: 'i3'});

    walk.say('The same from the projection; and from its version 2, which knows the devices, after a switch without downtime.');
    const removed = (answer: string): boolean => answer.includes('"i4"') && !answer.includes('"i3"');
    await walk.get(read('stored'), removed);
    await upgradeCartItems(woltage);
    await walk.get(read('stored'), removed);

    walk.say('The cart is submitted, once, and published on the topic published_carts, where the order system finds it.');
    await walk.post('/decisions/submitCart', {cartId});
    await walk.post('/decisions/submitCart', {cartId});
    await walk.post('/decisions/clearCart', {cartId});
    await walk.get(`/submittedCarts/byId?cartId=${cartId}`, answer => answer.includes('"published"'));
    await untilOrdered(orderFile, cartId);
}

async function untilOrdered(orderFile: string, cartId: string): Promise<void> {
    for (let attempts = 0; attempts < 500; attempts++) {
        const line = (await readFile(orderFile, 'utf8').catch(() => '')).split('\n').find(order => order.includes(cartId));
        if (line !== undefined) {
            console.log(`orders.log\n  ${line}`);
            return;
        }
        await new Promise(resolve => void setTimeout(resolve, 20));
    }
    throw new Error(`No order came from cart ${cartId}.`);
}
