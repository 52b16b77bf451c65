import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';

const REPLAY_TIMEOUT_MS = 15_000;
const admin = {authorization: 'Bearer let-me-in'};

/** The way through the getting-started example: an order, a query, a refusal, a new version of the projection. */
export async function walkThrough(base, folder) {
    const placed = await post(`${base}/order/1/place`, {customer: 'ann@example.com', items: [{sku: 'tea', quantity: 2, price: 4.5}]});
    assert.equal(placed.status, 200, placed.text);
    const order = `${base}/orders/byId?id=1`;
    const position = placed.headers.get('woltage-position') ?? '';
    assert.deepEqual(await get(order, {'Woltage-After': position}), {id: '1', customer: 'ann@example.com', status: 'placed'});

    const refused = await post(`${base}/order/1/ship`, {company: 'Pigeon'});
    assert.equal(refused.status, 400, refused.text);
    assert.equal(JSON.parse(refused.text).code, 'VALIDATION_FAILED');

    const added = await post(`${base}/projections`,
        {name: 'order', version: 2, projectorName: 'OrderProjector', projectorVersion: 2, storeName: 'sqlite'}, admin);
    assert.ok(added.status < 300, added.text);
    await untilLive(base, 'order@2');
    const activated = await post(`${base}/projections/order/2/activate`, undefined, admin);
    assert.ok(activated.status < 300, activated.text);
    await stillThere(base, folder);
}

/** What must hold at the end of the way, and after a restart. */
export async function stillThere(base, folder) {
    assert.deepEqual(await get(`${base}/orders/byId?id=1`), {id: '1', customer: 'ann@example.com', status: 'placed', total: 9});
    // One mail: neither the replay nor the switch nor a restart sent another.
    assert.equal(readFileSync(join(folder, 'data/outbox.log'), 'utf8').trim().split('\n').length, 1);
}

async function untilLive(base, id) {
    const deadline = Date.now() + REPLAY_TIMEOUT_MS;
    for (;;) {
        const projections = await get(`${base}/projections`, admin);
        if (projections.some(projection => projection.id === id && projection.state === 'live'))
            return;
        assert.ok(Date.now() < deadline, `${id} did not get live: ${JSON.stringify(projections)}`);
        await delay(50);
    }
}

/** @param {Record<string, string>} [headers] */
async function get(url, headers = {}) {
    const answer = await fetch(url, {headers});
    const text = await answer.text();
    assert.equal(answer.status, 200, `${url}: ${text}`);
    return JSON.parse(text);
}

/** @param {object} [body] @param {Record<string, string>} [headers] */
async function post(url, body, headers = {}) {
    const answer = await fetch(url, {
        method: 'POST',
        headers: {...headers, ...body === undefined ? {} : {'content-type': 'application/json'}},
        body: JSON.stringify(body)
    });
    return {status: answer.status, headers: answer.headers, text: await answer.text()};
}
