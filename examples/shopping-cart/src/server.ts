import {randomUUID} from 'node:crypto';
import {appendFile} from 'node:fs/promises';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {goShopping} from './go-shopping.ts';
import {logger} from './logger.ts';
import {adaptersOf, dataFolderOf} from './settings.ts';
import {openShop} from './shop.ts';

const {values} = parseArgs({options: {
    /** Makes the tables of the cart items anew. */
    'reset-cart-items': {type: 'boolean', short: 'r', default: false},
    /** Opens the shop without going shopping. */
    'no-walk': {type: 'boolean', default: false}
}});

const orderFile = join(dataFolderOf(process.env), 'orders.log');
const shop = await openShop({
    ...await adaptersOf(process.env),
    services: {takeOrder: cart => appendFile(orderFile, `${JSON.stringify(cart)}\n`)},
    logger, port: Number(process.env['PORT'] ?? 3000), resetCartItems: values['reset-cart-items']
});
for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void shop.stop().catch((error: unknown) => logger.error({err: error}, 'The shop did not close well')));

if (!values['no-walk'])
    await goShopping(shop, `cart-${randomUUID().slice(0, 8)}`, orderFile);
console.log(`\nThe shop is open at ${shop.url}`);
