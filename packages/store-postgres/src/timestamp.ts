/** The earliest that PostgreSQL has, in ms: 4714-11-24 BC. The latest is beyond JavaScript's. */
export const EARLIEST_MS = -210_866_803_200_000;

const digits = (value: number, length: number): string => String(value).padStart(length, '0');

/** A Date as PostgreSQL reads it, whatever its settings are. */
export function toTimestamp(date: Date): string {
    const year = date.getUTCFullYear();
    if (year > 0 && year < 10_000)
        return date.toISOString();
    const [yearOfEra, era] = year > 0 ? [year, ''] : [1 - year, ' BC'];
    const day = `${digits(yearOfEra, 4)}-${digits(date.getUTCMonth() + 1, 2)}-${digits(date.getUTCDate(), 2)}`;
    return `${day} ${digits(date.getUTCHours(), 2)}:${digits(date.getUTCMinutes(), 2)}:${digits(date.getUTCSeconds(), 2)}.${digits(date.getUTCMilliseconds(), 3)}+00${era}`;
}
