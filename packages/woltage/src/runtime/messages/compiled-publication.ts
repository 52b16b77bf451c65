import {ConfigError} from '../../errors/index.ts';
import type {EventCatalogue, EventClass} from '../../events/index.ts';
import {isTopicName} from '../../ports/index.ts';
import type {Publication} from '../config.ts';

/** A publication of the config, checked and bound to the events of one runtime. */
export interface CompiledPublication {
    readonly topic: string;
    readonly name: string;
    /** Event types as they may be recorded. */
    readonly types: readonly string[];
    readonly from: 'start' | 'now';
    readonly isDecrypted: boolean;
}

const NAME = /^[\w\-.]{1,128}$/;
const isOneOf = (...values: readonly unknown[]) => (value: unknown): boolean => value === undefined || values.includes(value);

const SHAPES: Readonly<Record<keyof Publication, {readonly isValid: (value: unknown) => boolean; readonly must: string}>> = {
    topic: {isValid: isTopicName, must: 'a topic: 1 to 249 letters, digits, dots, - and _'},
    name: {isValid: value => value === undefined || typeof value === 'string' && NAME.test(value), must: 'a name of letters, digits, -, _ and dots'},
    events: {isValid: value => Array.isArray(value) && value.length > 0 && value.every(item => typeof item === 'function'), must: 'a list of event classes'},
    from: {isValid: isOneOf('start', 'now'), must: '\'start\' or \'now\''},
    personal: {isValid: isOneOf('encrypted', 'decrypt'), must: '\'encrypted\' or \'decrypt\''}
};

/** @throws ConfigError `PUBLICATION_INVALID`, `BROKER_MISSING` */
export function compilePublications(publications: readonly Publication[], catalogue: EventCatalogue, hasBroker: boolean): readonly CompiledPublication[] {
    if (publications.length > 0 && !hasBroker)
        throw new ConfigError('\'publications\' need a \'messageBroker\' in the config.', {code: 'BROKER_MISSING'});
    const compiled = publications.map((publication, index) => compile(publication, index, catalogue));
    const keys = compiled.map(({topic, name}) => `${topic}/${name}`);
    const twice = keys.find((key, index) => keys.indexOf(key) !== index);
    if (twice !== undefined)
        throw invalid(`There are two publications '${twice}': several to one topic need a \`name\` each.`);
    return compiled;
}

function compile(publication: Publication, index: number, catalogue: EventCatalogue): CompiledPublication {
    const what = `publications[${index}]`;
    if (typeof publication !== 'object' || publication as unknown === null)
        throw invalid(`'${what}' must be an object: {topic, events: [OrderPlaced]}.`);
    const unknown = Object.keys(publication).find(key => !Object.hasOwn(SHAPES, key));
    if (unknown !== undefined)
        throw invalid(`'${what}': '${unknown}' is not one of its properties (${Object.keys(SHAPES).join(', ')}).`);
    const wrong = Object.entries(SHAPES).find(([key, {isValid}]) => !isValid(publication[key as keyof Publication]));
    if (wrong !== undefined)
        throw invalid(`'${what}': its '${wrong[0]}' must be ${wrong[1].must}.`);
    const {topic, name = 'events', events, from = 'now', personal = 'encrypted'} = publication;
    const types = new Set(events.flatMap(eventClass => typesOf(eventClass, what, catalogue)));
    return {topic, name, types: [...types], from, isDecrypted: personal === 'decrypt'};
}

function typesOf(eventClass: EventClass, what: string, catalogue: EventCatalogue): readonly string[] {
    if (!catalogue.classes.includes(eventClass))
        throw invalid(`'${what}': ${eventClass.name || 'one of its events'} is not among the 'eventClasses'.`);
    return catalogue.recordedTypes(eventClass.type);
}

const invalid = (message: string): ConfigError => new ConfigError(message, {code: 'PUBLICATION_INVALID'});
