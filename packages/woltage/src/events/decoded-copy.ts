import {cloneData, NotCloneable} from '../shared/data.ts';
import {decodeValue, type JsonValue} from '../shared/json-codec.ts';

/** A decoded copy of encoded data. What isn't plain data, such as something that couldn't be decrypted, tells so itself when it is decoded. */
export function decodedCopy(value: JsonValue): unknown {
    let copy: unknown = value;
    try {
        copy = cloneData(value);
    } catch (error) {
        if (!(error instanceof NotCloneable))
            throw error;
    }
    return decodeValue(copy);
}
