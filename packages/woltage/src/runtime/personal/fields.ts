import type {PersonalFields} from '../../events/index.ts';
import {setOwn} from '../../shared/data.ts';
import {isTag, PERSONAL, type JsonValue} from '../../shared/json-codec.ts';

type Path = readonly (string | number)[];
type JsonObject = Readonly<Record<string, JsonValue>>;

const ESCAPED = '$escaped';

/** The one property of an object that has no other. */
function onlyKey(value: JsonObject): string | undefined {
    const keys = Object.keys(value);
    return keys.length === 1 ? keys[0] : undefined;
}

/** The object that is escaped, where the value is the escape of one. */
function escapedIn(value: JsonObject): JsonObject | undefined {
    const content = onlyKey(value) === ESCAPED ? value[ESCAPED] : undefined;
    return typeof content === 'object' && content !== null && !isArray(content) ? content : undefined;
}

/** The sealed text, where the value is one. */
function sealedText(value: JsonObject): unknown {
    return onlyKey(value) === PERSONAL ? value[PERSONAL] : undefined;
}

/** Replaces what is personal in an encoded value, by the text that `seal` makes of it. The value itself stays as it was. */
export function sealFields(value: JsonValue, fields: PersonalFields, seal: (value: JsonValue, path: Path) => string): JsonValue {
    const visit = (item: JsonValue, at: PersonalFields, path: Path): JsonValue => {
        if (at.isPersonal)
            return {[PERSONAL]: seal(item, path)};
        if (typeof item !== 'object' || item === null)
            return item;
        return eachPart(item, path, (part, key, below) => visit(part, at.at(key), below));
    };
    return visit(value, fields, []);
}

/** Replaces what is sealed in an encoded value. Where nothing is, the result is the very same value. */
export function openFields(value: JsonValue, open: (text: unknown, path: Path) => JsonValue): JsonValue {
    const visit = (item: JsonValue, path: Path): JsonValue => {
        if (typeof item !== 'object' || item === null)
            return item;
        const text = isArray(item) ? undefined : sealedText(item);
        return text === undefined ? eachPart(item, path, (part, _key, below) => visit(part, below)) : open(text, path);
    };
    return visit(value, []);
}

/** Calls back with each sealed text in an encoded value. */
export function eachSealed(value: JsonValue, found: (text: unknown) => void): void {
    if (typeof value !== 'object' || value === null)
        return;
    const text = isArray(value) ? undefined : sealedText(value);
    if (text !== undefined)
        return found(text);
    for (const part of Object.values(isArray(value) ? value : escapedIn(value) ?? value))
        eachSealed(part, found);
}

const isArray = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

type Change = (part: JsonValue, key: string | number, path: Path) => JsonValue;

/** The same object or array with changed parts; itself where none has changed. What is escaped counts as if it weren't, dates and bigints have no parts. */
function eachPart(value: readonly JsonValue[] | JsonObject, path: Path, change: Change): JsonValue {
    if (isArray(value)) {
        const changed = value.map((part, i) => change(part, i, [...path, i]));
        return changed.some((part, i) => part !== value[i]) ? changed : value;
    }
    const content = escapedIn(value);
    if (content === undefined)
        return isTag(onlyKey(value) ?? '') ? value : eachProperty(value, path, change);
    const changed = eachProperty(content, path, change);
    return changed === content ? value : {[ESCAPED]: changed};
}

function eachProperty(value: JsonObject, path: Path, change: Change): JsonObject {
    let copy: Record<string, JsonValue> | undefined;
    for (const [key, part] of Object.entries(value)) {
        const changed = change(part, key, [...path, key]);
        if (changed !== part)
            setOwn(copy ??= copyOf(value), key, changed);
    }
    return copy ?? value;
}

function copyOf(value: JsonObject): Record<string, JsonValue> {
    const copy: Record<string, JsonValue> = {};
    for (const [key, part] of Object.entries(value))
        setOwn(copy, key, part);
    return copy;
}
