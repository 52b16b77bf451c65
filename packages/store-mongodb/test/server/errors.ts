import type {Doc} from './wire.ts';

/** A failure of a whole command, as the server tells it. */
export class CommandError extends Error {
    readonly code: number;
    readonly codeName: string;
    readonly extra: Doc;

    constructor(code: number, codeName: string, message: string, extra: Doc = {}) {
        super(message);
        this.code = code;
        this.codeName = codeName;
        this.extra = extra;
    }

    get reply(): Doc {
        return {ok: 0, errmsg: this.message, code: this.code, codeName: this.codeName, ...this.extra};
    }
}

const TRANSIENT = {errorLabels: ['TransientTransactionError']};

export const writeConflict = (): CommandError =>
    new CommandError(112, 'WriteConflict', 'Write conflict during plan execution and yielding is disabled. Please retry your operation or multi-document transaction.', TRANSIENT);

export const noSuchTransaction = (): CommandError =>
    new CommandError(251, 'NoSuchTransaction', 'Given transaction number does not match any in-progress transactions.', TRANSIENT);

export const duplicateKey = (namespace: string, index: string, keyPattern: Doc, keyValue: Doc): CommandError =>
    new CommandError(11000, 'DuplicateKey', `E11000 duplicate key error collection: ${namespace} index: ${index} dup key: ${JSON.stringify(keyValue, bigintText)}`, {keyPattern, keyValue});

const bigintText = (_key: string, value: unknown): unknown => typeof value === 'bigint' ? String(value) : value;

export const badValue = (message: string): CommandError => new CommandError(2, 'BadValue', message);
