import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {createRouter, type Access} from '@woltage/express';
import express from 'express';
import createWoltage, {type Logger, type Woltage} from 'woltage';
import {fingerprintOf} from './device.ts';
import {model} from './model.ts';
import {orders, pricing, warehouse, type OrderServices} from './outside/other-systems.ts';
import {addMissing, resetCartItems} from './projections.ts';
import type {Adapters} from './settings.ts';
import {addItem} from './slices/add-item/add-item.ts';
import {clearCart} from './slices/clear-cart/clear-cart.ts';
import {removeItem} from './slices/remove-item/remove-item.ts';
import {submitCart} from './slices/submit-cart/submit-cart.ts';

/** What customers decide. The other decisions and commands are run by actions: nobody says by HTTP that a cart was published. */
const OF_CUSTOMERS: readonly string[] = [addItem, removeItem, clearCart, submitCart].map(({name}) => name);

const isForCustomers = (access: Access): boolean =>
    access.kind === 'query' || access.kind === 'action' || access.kind === 'decision' && OF_CUSTOMERS.includes(access.decisionName);

export interface ShopOptions extends Adapters {
    readonly services: OrderServices;
    readonly logger: Logger;
    /** 0 takes a free one. */
    readonly port: number;
    readonly resetCartItems?: boolean;
}

export interface Shop {
    readonly url: string;
    readonly woltage: Woltage;
    stop(): Promise<void>;
}

/** Opens the shop. */
export async function openShop({eventStore, store, messageBroker, services, logger, port, resetCartItems: isReset = false}: ShopOptions): Promise<Shop> {
    const woltage = await createWoltage({
        ...model, actions: [...model.actions, warehouse, pricing, orders],
        eventStore, internalStore: store, stores: {main: store}, messageBroker, services, logger
    });
    await addMissing(woltage);
    if (isReset)
        await resetCartItems(woltage);

    const app = express();
    app.use(createRouter(woltage, {authorize: isForCustomers, context: req => ({fingerprint: fingerprintOf(req)}), logger}));
    const server = app.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return {
        woltage,
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        async stop() {
            server.close();
            server.closeAllConnections();
            await woltage.stop();
        }
    };
}
