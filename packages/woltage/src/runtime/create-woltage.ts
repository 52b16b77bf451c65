import {checkConfig, type WoltageConfig} from './config.ts';
import {loadDefinitions} from './definitions.ts';
import {Woltage} from './woltage.ts';

/**
 * Creates an application from a config, and starts it unless `autostart` is false.
 *
 * @example
 * const woltage = await createWoltage({
 *     eventStore: {adapter: SQLiteEventStore, args: [{path: 'data/events.db'}]},
 *     eventClasses: import.meta.dirname + '/events',
 *     aggregates: import.meta.dirname + '/aggregates',
 *     projectorClasses: import.meta.dirname + '/projectors',
 *     readModelClasses: import.meta.dirname + '/readModels',
 *     internalStore: stores.sqlite,
 *     stores
 * });
 * @throws ConfigError that names the property or file and says what to do
 */
export async function createWoltage(config: WoltageConfig): Promise<Woltage> {
    checkConfig(config);
    const woltage = await new Woltage(config, await loadDefinitions(config)).open();
    if (config.autostart !== false) {
        try {
            await woltage.start();
        } catch (error) {
            await woltage.stop();
            throw error;
        }
    }
    return woltage;
}
