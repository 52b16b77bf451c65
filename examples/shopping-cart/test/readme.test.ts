import {expect, it} from 'vitest';
import {blocksOf, dataFolder, removeFolder, startExample, withoutIds} from '../../../test/examples/run-example.ts';

const plain = (text: string): string => withoutIds(text).replace(/cart-[0-9a-f]{8}/g, 'cart-<id>');

it('The README shows what npm start prints, and the cart is there after a restart and a reset', async () => {
    const folder = await dataFolder();
    const [expected = ''] = await blocksOf('shopping-cart', 'console');
    const first = await startExample('shopping-cart', [], {DATA_FOLDER: folder});
    expect(plain(first.output())).toBe(plain(expected));
    expect(await first.stop()).toEqual([0, null]);

    const cartId = /cart-[0-9a-f]{8}/.exec(first.output())?.[0] ?? '';
    const second = await startExample('shopping-cart', ['--no-walk', '--reset-cart-items'], {DATA_FOLDER: folder});
    const ask = async (path: string) => (await fetch(`${second.url}${path}?cartId=${cartId}`)).json();
    expect(await ask('/cartItems/stored')).toEqual(await ask('/cartItems/live'));
    expect(await ask('/submittedCarts/byId')).toMatchObject({cartId, publication: 'published'});
    expect(await second.stop()).toEqual([0, null]);
    await removeFolder(folder);
}, 90_000);
