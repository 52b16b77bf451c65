import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {createRouter} from '@woltage/express';
import express from 'express';
import createWoltage, {type Logger, type Woltage, type WoltageConfig} from 'woltage';
import {model} from './model.ts';
import type {Services} from './services/services.ts';

export interface OfficeOptions {
    readonly eventStore: WoltageConfig['eventStore'];
    readonly store: WoltageConfig['internalStore'];
    readonly services: Services;
    readonly logger: Logger;
    /** 0 takes a free one. */
    readonly port: number;
}

export interface Office {
    readonly url: string;
    readonly woltage: Woltage;
    stop(): Promise<void>;
}

export async function openOffice({eventStore, store, services, logger, port}: OfficeOptions): Promise<Office> {
    const woltage = await createWoltage({...model, eventStore, internalStore: store, stores: {main: store}, services, logger});
    const app = express();
    // Strangers call actions, and actions run commands: a document is made of what was downloaded, and of nothing else.
    app.use(createRouter(woltage, {authorize: ({kind}) => kind === 'action' || kind === 'query', logger}));
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
