import {Binary} from 'bson';
import {createHash, createHmac, pbkdf2Sync, randomBytes} from 'node:crypto';
import {CommandError} from './errors.ts';
import type {Doc} from './wire.ts';

const ITERATIONS = 4096;
const hmac = (key: Buffer | string, text: Buffer | string): Buffer => createHmac('sha256', key).update(text).digest();
const refused = (): CommandError => new CommandError(18, 'AuthenticationFailed', 'Authentication failed.');
const payloadOf = ({payload}: Doc): string => Buffer.from((payload as Binary).value()).toString();
const fieldsOf = (text: string): Map<string, string> => new Map(text.split(',').map(part => [part.slice(0, 1), part.slice(2)]));
const reply = (text: string, done: boolean): Doc => ({conversationId: 1, done, payload: new Binary(Buffer.from(text)), ok: 1});

/** The server's part of SCRAM-SHA-256, upon one connection. */
export class Scram {
    isDone = false;
    readonly #user: string;
    readonly #password: string;
    readonly #salt = randomBytes(28);
    #exchanged = '';
    #nonce = '';

    constructor(user: string, password: string) {
        this.#user = user;
        this.#password = password;
    }

    start(command: Doc): Doc {
        if (command['mechanism'] !== 'SCRAM-SHA-256')
            throw refused();
        const bare = payloadOf(command).slice('n,,'.length);
        const fields = fieldsOf(bare);
        if (fields.get('n') !== this.#user)
            throw refused();
        this.#nonce = fields.get('r') + randomBytes(18).toString('base64');
        const answer = `r=${this.#nonce},s=${this.#salt.toString('base64')},i=${ITERATIONS}`;
        this.#exchanged = `${bare},${answer}`;
        return reply(answer, false);
    }

    continue(command: Doc): Doc {
        const text = payloadOf(command);
        if (text === '')
            return reply('', true);
        const fields = fieldsOf(text);
        const salted = pbkdf2Sync(this.#password, this.#salt, ITERATIONS, 32, 'sha256');
        const clientKey = hmac(salted, 'Client Key');
        const message = `${this.#exchanged},${text.slice(0, text.lastIndexOf(',p='))}`;
        const signature = hmac(createHash('sha256').update(clientKey).digest(), message);
        const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] as number)));
        if (fields.get('p') !== proof.toString('base64') || fields.get('r') !== this.#nonce)
            throw refused();
        this.isDone = true;
        return reply(`v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`, true);
    }
}
