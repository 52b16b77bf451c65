import {BadRequestError} from 'woltage';

export interface StreamAddress {
    readonly aggregateName: string;
    readonly aggregateId: string;
}

/** What looks like one of our own escapes. */
const ESCAPED = /%[0-9A-F]{2}/g;

const escape = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
/** Control characters, and what would be taken for an escape later on. */
const escapePart = (text: string): string => text.replace(/%(?=[0-9A-F]{2})|\p{Cc}/gu, character => character > '\u00ff' ? character : escape(character));
const unescape = (text: string): string => text.replace(ESCAPED, escaped => String.fromCharCode(Number.parseInt(escaped.slice(1), 16)));

/**
 * The names of streams: the aggregate's name, a dash, its id, so that KurrentDB's categories are aggregate names. What has a meaning there is
 * written as in URLs: a dash in an aggregate's name, a `$` in front of it, and control characters.
 */
export class StreamNames {
    readonly #prefix: string;

    /** @param prefix What all names begin with */
    constructor(prefix: string) {
        this.#prefix = prefix;
    }

    /** @throws BadRequestError `INVALID_AGGREGATE_ID` for halves of surrogate pairs, which UTF-8 can't hold */
    toStream(aggregateName: string, aggregateId: string): string {
        if (/\p{Surrogate}/u.test(aggregateName + '\n' + aggregateId))
            throw new BadRequestError('The aggregate\'s name or id holds half a surrogate pair, which KurrentDB can\'t keep.', {code: 'INVALID_AGGREGATE_ID'});
        return `${this.#prefix}${escapePart(aggregateName).replaceAll('-', '%2D').replace(/^\$/, '%24')}-${escapePart(aggregateId)}`;
    }

    /** Whose stream it is; `undefined` for one of KurrentDB's own and for any that no aggregate could have. */
    fromStream(stream: string): StreamAddress | undefined {
        if (!stream.startsWith(this.#prefix))
            return undefined;
        const dash = stream.indexOf('-', this.#prefix.length);
        if (dash < 0)
            return undefined;
        if (!/[%\p{Cc}]/u.test(stream))
            return stream.startsWith('$') ? undefined : {aggregateName: stream.slice(this.#prefix.length, dash), aggregateId: stream.slice(dash + 1)};
        const address = {aggregateName: unescape(stream.slice(this.#prefix.length, dash)), aggregateId: unescape(stream.slice(dash + 1))};
        return this.toStream(address.aggregateName, address.aggregateId) === stream ? address : undefined;
    }
}
